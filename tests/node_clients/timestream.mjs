// What AWS's sample application for Node does with Timestream, with the endpoint's variables alone.
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteDatabaseCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  ListDatabasesCommand,
  TimestreamWriteClient,
  UpdateTableCommand,
  WriteRecordsCommand,
} from "@aws-sdk/client-timestream-write";
import { CancelQueryCommand, QueryCommand, TimestreamQueryClient } from "@aws-sdk/client-timestream-query";

const write = new TimestreamWriteClient({});
const query = new TimestreamQueryClient({});
const place = { DatabaseName: "devops", TableName: "host_metrics" };

await write.send(new CreateDatabaseCommand({ DatabaseName: place.DatabaseName }));
const retention = { MemoryStoreRetentionPeriodInHours: 24, MagneticStoreRetentionPeriodInDays: 365 };
await write.send(new CreateTableCommand({ ...place, RetentionProperties: retention }));
await write.send(
  new UpdateTableCommand({ ...place, RetentionProperties: { ...retention, MagneticStoreRetentionPeriodInDays: 7 } }),
);
const now = Date.now();
const common = { Dimensions: [{ Name: "host", Value: "host1" }], MeasureValueType: "DOUBLE", Time: `${now}` };
const record = (name, value) => ({ MeasureName: name, MeasureValue: value });
const Records = [record("cpu", "13.5"), record("memory", "40")];
const written = await write.send(new WriteRecordsCommand({ ...place, CommonAttributes: common, Records }));
let rejected = [];
try {
  await write.send(new WriteRecordsCommand({ ...place, CommonAttributes: common, Records: [record("cpu", "14.5")] }));
} catch (error) {
  rejected = [error.name, error.RejectedRecords.map((each) => [each.RecordIndex, each.ExistingVersion])];
}
const rows = [];
let NextToken;
do {
  const QueryString = "SELECT measure_name, measure_value::double FROM devops.host_metrics ORDER BY 1";
  const page = await query.send(new QueryCommand({ QueryString, NextToken, MaxRows: 1 }));
  rows.push(...page.Rows.map((row) => row.Data.map((datum) => datum.ScalarValue)));
  NextToken = page.NextToken;
} while (NextToken);
const first = await query.send(new QueryCommand({ QueryString: "SELECT x FROM (VALUES 1, 2) AS t(x)", MaxRows: 1 }));
const cancelled = await query.send(new CancelQueryCommand({ QueryId: first.QueryId }));
const { Table } = await write.send(new DescribeTableCommand(place));
const { Databases } = await write.send(new ListDatabasesCommand({}));
await write.send(new DeleteTableCommand(place));
await write.send(new DeleteDatabaseCommand({ DatabaseName: place.DatabaseName }));
console.log(
  JSON.stringify({
    ingested: written.RecordsIngested.Total,
    rejected,
    rows,
    cancelled: cancelled.CancellationMessage !== undefined,
    days: Table.RetentionProperties.MagneticStoreRetentionPeriodInDays,
    arns: Databases.map((each) => each.Arn),
  }),
);
