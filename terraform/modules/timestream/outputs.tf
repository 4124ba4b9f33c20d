output "database_name" {
  description = "The database."
  value       = aws_timestreamwrite_database.this.database_name
}

output "table_arns" {
  description = "The ARN of each table, by its name."
  value = { for table in [
    aws_timestreamwrite_table.people_count,
    aws_timestreamwrite_table.sensor_data,
    aws_timestreamwrite_table.bus_position,
    aws_timestreamwrite_table.stop_visit,
    aws_timestreamwrite_table.feeder_progress,
  ] : table.table_name => table.arn }
}
