# Each function reads the newest records of the streams whose tables it reads; visits have no object. /gtfs.zip is a
# link to the feed, which the role that signs it must be allowed to read; /gtfs-rt passes messages on.
data "aws_iam_policy_document" "latest" {
  for_each = local.functions

  statement {
    actions = ["s3:GetObject"]
    resources = concat(
      [for table in each.value.tables : var.latest_object_arns[table] if contains(keys(var.latest_object_arns), table)],
      each.key == "network_api" ? concat([var.feed_arn], var.realtime_arn[*]) : [],
    )
  }
}

resource "aws_iam_role_policy" "latest" {
  for_each = local.functions

  name   = "latest"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.latest[each.key].json
}
