mock_provider "aws" {
  source = "../../mocks"
}

run "the_tables_of_the_contract" {
  assert {
    condition     = keys(output.table_arns) == ["bus_position", "feeder_progress", "people_count", "sensor_data", "stop_visit"]
    error_message = "There must be a table for each stream and one for coverage."
  }

  assert {
    condition = alltrue([for table in [
      aws_timestreamwrite_table.people_count,
      aws_timestreamwrite_table.sensor_data,
      aws_timestreamwrite_table.bus_position,
      aws_timestreamwrite_table.stop_visit,
      aws_timestreamwrite_table.feeder_progress,
      ] : (
      table.database_name == "bus_simulator"
      && one(table.retention_properties).memory_store_retention_period_in_hours == 24
      && one(table.retention_properties).magnetic_store_retention_period_in_days == 30
      && one(table.magnetic_store_write_properties).enable_magnetic_store_writes
    )])
    error_message = "Tables must keep 24 hours in memory and 30 days in the magnetic store, and accept late records."
  }
}
