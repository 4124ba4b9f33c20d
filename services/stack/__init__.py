"""The parts beside LocalStack on this machine, by Supervisor or by compose; what a part does is in
`services.processes`.
"""
