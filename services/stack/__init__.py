"""The parts beside LocalStack on this machine, by Supervisor or compose; their code is in `processes`."""
