# This module takes nothing: names and keys are part of the contract with the WebSocket handler.
