output "bucket" {
  description = "The bucket's name."
  value       = aws_s3_bucket.config.id
}

output "lines_yaml" {
  description = "The network file: its s3:// URL and its ARN."
  value       = { url = "s3://${aws_s3_bucket.config.id}/config/lines.yaml", arn = "${aws_s3_bucket.config.arn}/config/lines.yaml" }
}

output "network_json" {
  description = "The compiled network: its s3:// URL and its ARN."
  value       = { url = "s3://${aws_s3_bucket.config.id}/config/network.json", arn = "${aws_s3_bucket.config.arn}/config/network.json" }
}

output "journal" {
  description = "The journal of interventions: its s3:// URL and its ARN."
  value       = { url = "s3://${aws_s3_bucket.config.id}/config/journal.json", arn = "${aws_s3_bucket.config.arn}/config/journal.json" }
}

output "clock_parameter" {
  description = "The parameter with the shared clock: its name and ARN."
  value       = { name = aws_ssm_parameter.clock.name, arn = aws_ssm_parameter.clock.arn }
}

output "lines_yaml_md5" {
  description = "The MD5 of the network file that Terraform has uploaded; make load-config may have replaced it since."
  value       = filemd5(var.lines_yaml)
}
