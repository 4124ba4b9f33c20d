output "url" {
  description = "Where feeders write the objects and functions read them, for --latest-objects."
  value       = "s3://${aws_s3_bucket.latest.id}/${local.prefix}"
}

output "object_arns" {
  description = "The ARN of each stream's object, by the stream's name."
  value       = { for stream in local.streams : stream => "${aws_s3_bucket.latest.arn}/${local.prefix}/${stream}.json.gz" }
}

output "feed_arn" {
  description = "The ARN of the network as a GTFS feed."
  value       = "${aws_s3_bucket.latest.arn}/${local.prefix}/gtfs.zip"
}

output "realtime_arn" {
  description = "The ARN of the GTFS-Realtime feeds, with a star for their names."
  value       = "${aws_s3_bucket.latest.arn}/${local.prefix}/gtfs-rt/*"
}
