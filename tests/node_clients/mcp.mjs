// The official Node client: lists and calls every tool it is told of, validates what is structured, reads every
// resource. URL, key and group come by the environment, the calls as JSON on standard input; what it has seen
// goes to standard output as JSON.
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { MCP_URL, API_KEY, GROUP_NAME } = process.env;
const calls = JSON.parse(readFileSync(0, "utf8"));
const headers = { "x-api-key": API_KEY, "x-group-name": GROUP_NAME };
const client = new Client({ name: "node-test", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(MCP_URL), { requestInit: { headers } }));

const { tools } = await client.listTools();
const answers = {};
for (const { name } of tools) {
  // callTool throws where structuredContent isn't as outputSchema says, or is missing.
  answers[name] = (await client.callTool({ name, arguments: calls[name] })).structuredContent;
}
const { resources } = await client.listResources();
const { resourceTemplates } = await client.listResourceTemplates();
const read = {};
for (const uri of [...resources.map((each) => each.uri), "bus://lines/L1"]) {
  read[uri] = JSON.parse((await client.readResource({ uri })).contents[0].text);
}
let refusal = null;
try {
  await client.callTool({ name: "no_such_tool", arguments: {} });
} catch (error) {
  refusal = error.code;
}
console.log(
  JSON.stringify({
    server: client.getServerVersion(),
    tools: tools.map((tool) => tool.name),
    templates: resourceTemplates.map((each) => each.uriTemplate),
    answers,
    read,
    refusal,
  }),
);
await client.close();
