# This module takes nothing: names are part of the contract, retention is edited in main.tf.
