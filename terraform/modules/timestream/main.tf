resource "aws_timestreamwrite_database" "this" {
  database_name = "bus_simulator"
}

# A backfill writes past days, which go straight into the magnetic store.
resource "aws_timestreamwrite_table" "people_count" {
  database_name = aws_timestreamwrite_database.this.database_name
  table_name    = "people_count"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = 30
  }

  magnetic_store_write_properties {
    enable_magnetic_store_writes = true
  }
}

resource "aws_timestreamwrite_table" "sensor_data" {
  database_name = aws_timestreamwrite_database.this.database_name
  table_name    = "sensor_data"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = 30
  }

  magnetic_store_write_properties {
    enable_magnetic_store_writes = true
  }
}

resource "aws_timestreamwrite_table" "bus_position" {
  database_name = aws_timestreamwrite_database.this.database_name
  table_name    = "bus_position"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = 30
  }

  magnetic_store_write_properties {
    enable_magnetic_store_writes = true
  }
}

resource "aws_timestreamwrite_table" "stop_visit" {
  database_name = aws_timestreamwrite_database.this.database_name
  table_name    = "stop_visit"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = 30
  }

  magnetic_store_write_properties {
    enable_magnetic_store_writes = true
  }
}

# The streams' coverage. Its retention has to be as long as theirs.
resource "aws_timestreamwrite_table" "feeder_progress" {
  database_name = aws_timestreamwrite_database.this.database_name
  table_name    = "feeder_progress"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = 30
  }

  magnetic_store_write_properties {
    enable_magnetic_store_writes = true
  }
}
