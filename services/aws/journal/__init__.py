"""The journal of interventions as an object in S3, and a store that has it as its own."""
