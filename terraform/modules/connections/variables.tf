# This module has no variables: names and keys are part of the contract with the WebSocket handler.
