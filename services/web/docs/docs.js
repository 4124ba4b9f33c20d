// Shows the OpenAPI description as a page on which each route can be tried. The key is sent in a header only and
// stored nowhere; without one, the session of the map's page counts.

const METHODS = ["get", "post", "delete"];

const byId = (id) => document.getElementById(id);

function element(name, text = "", properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}

// Text whose `code` is marked by backticks, as the description has it.
function withCode(target, text) {
  text.split("`").forEach((part, index) => target.append(index % 2 ? element("code", part) : part));
  return target;
}

function input(parameter) {
  const label = element("label", parameter.name + (parameter.required ? " *" : ""));
  const choices = parameter.schema.enum;
  const field = element(choices ? "select" : "input", "", { name: parameter.name, required: parameter.required });
  if (choices) for (const choice of parameter.required ? choices : ["", ...choices]) field.append(element("option", choice));
  field.value = parameter.example ?? "";
  label.append(field, withCode(element("small"), parameter.description ?? ""));
  return label;
}

function address(template, parameters, form) {
  const query = new URLSearchParams();
  let path = template;
  for (const { name, in: place } of parameters) {
    const value = form.elements[name].value;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) query.set(name, value);
  }
  return String(new URL(path.slice(1) + (query.size ? `?${query}` : ""), new URL(".", location.href)));
}

async function send(method, url, body, command, response) {
  command.hidden = response.hidden = false;
  const [how, content] = [method === "GET" ? "" : ` -X ${method}`, body === undefined ? "" : ` -d '${body}'`];
  command.textContent = `curl${how} -H "x-api-key: $API_KEY" -H "x-group-name: ${byId("group").value}"${content} "${url}"`;
  response.textContent = "…";
  try {
    const key = byId("key").value;
    const headers = key ? { "x-api-key": key, "x-group-name": byId("group").value } : {};
    const got = await fetch(url, { method, headers, body });
    const text = await got.text();
    const isJson = (got.headers.get("content-type") ?? "").startsWith("application/json");
    response.textContent = `${got.status}\n${isJson ? JSON.stringify(JSON.parse(text), null, 2) : text}`;
  } catch (error) {
    response.textContent = String(error);
  }
}

function responseExamples(responses) {
  return Object.entries(responses).flatMap(([status, { description, content = {} }]) => [
    withCode(element("p", `${status} – `), description),
    ...Object.values(content).flatMap(({ examples = {}, example }) =>
      [...Object.values(examples).map(({ value }) => JSON.stringify(value, null, status < 300 ? 2 : 0)), example]
        .filter(Boolean)
        .map((text) => element("pre", text)),
    ),
  ]);
}

// The field for the body of a request, filled with the first example.
function bodyField(requestBody) {
  const { examples = {}, example } = Object.values(requestBody.content)[0];
  const text = JSON.stringify(example ?? Object.values(examples)[0]?.value ?? {});
  const label = element("label", "body");
  label.append(element("textarea", "", { name: "body", rows: 2, cols: 60, value: text }));
  return label;
}

function route(template, method, { summary, parameters = [], responses, requestBody }) {
  const part = byId("route").content.cloneNode(true);
  const find = (selector) => part.querySelector(selector);
  find("summary code").textContent = `${method} ${template}`;
  withCode(find("summary span"), summary);
  find(".parameters").append(...parameters.map(input));
  if (requestBody) find(".parameters").append(bodyField(requestBody));
  find(".responses").append(...responseExamples(responses));
  const [form, command, response] = [find("form"), find(".command"), find(".response")];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method, address(template, parameters, form), requestBody && form.elements.body.value, command, response);
  });
  return part;
}

const description = await (await fetch("openapi.json")).json();
byId("title").textContent = `${description.info.title} ${description.info.version}`;
withCode(byId("about"), description.info.description);
byId("identity").addEventListener("submit", (event) => event.preventDefault());
byId("routes").replaceChildren(
  ...Object.entries(description.paths).flatMap(([path, operations]) =>
    METHODS.filter((method) => operations[method]).map((method) => route(path, method.toUpperCase(), operations[method])),
  ),
);
