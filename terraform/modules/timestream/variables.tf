# This module has no variables: names are part of the contract, retention is edited in main.tf.
