output "audit_bucket" {
  description = "The bucket that CloudTrail and Config write to, null without them."
  value       = one([for bucket in aws_s3_bucket.audit : bucket.id])
}

output "findings_topic_arn" {
  description = "The topic that GuardDuty's findings go to, null without it."
  value       = one([for topic in aws_sns_topic.findings : topic.arn])
}
