// Shows the OpenAPI description as a page on which each route can be tried. The key is sent in a header only and
// stored nowhere.

const byId = (id) => document.getElementById(id);

function element(name, text = "", properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}

function input(parameter) {
  const label = element("label", parameter.name + (parameter.required ? " *" : ""));
  const choices = parameter.schema.enum;
  const field = element(choices ? "select" : "input", "", { name: parameter.name, required: parameter.required });
  if (choices) for (const choice of parameter.required ? choices : ["", ...choices]) field.append(element("option", choice));
  field.value = parameter.example ?? "";
  label.append(field, element("small", parameter.description ?? ""));
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

async function send(url, command, response) {
  command.hidden = response.hidden = false;
  command.textContent = `curl -H "x-api-key: $API_KEY" -H "x-group-name: ${byId("group").value}" "${url}"`;
  response.textContent = "…";
  try {
    const got = await fetch(url, { headers: { "x-api-key": byId("key").value, "x-group-name": byId("group").value } });
    const text = await got.text();
    const isJson = got.headers.get("content-type").startsWith("application/json");
    response.textContent = `${got.status}\n${isJson ? JSON.stringify(JSON.parse(text), null, 2) : text}`;
  } catch (error) {
    response.textContent = String(error);
  }
}

function responseExamples(responses) {
  return Object.entries(responses).flatMap(([status, { description, content }]) => [
    element("p", `${status} – ${description}`),
    ...Object.values(content).flatMap(({ examples = {}, example }) =>
      [...Object.values(examples).map(({ value }) => JSON.stringify(value, null, status < 300 ? 2 : 0)), example]
        .filter(Boolean)
        .map((text) => element("pre", text)),
    ),
  ]);
}

function route(template, { summary, parameters, responses }) {
  const part = byId("route").content.cloneNode(true);
  const find = (selector) => part.querySelector(selector);
  find("summary code").textContent = `GET ${template}`;
  find("summary span").textContent = summary;
  find(".parameters").append(...parameters.map(input));
  find(".responses").append(...responseExamples(responses));
  const [form, command, response] = [find("form"), find(".command"), find(".response")];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(address(template, parameters, form), command, response);
  });
  return part;
}

const description = await (await fetch("openapi.json")).json();
byId("title").textContent = `${description.info.title} ${description.info.version}`;
byId("about").textContent = description.info.description;
byId("identity").addEventListener("submit", (event) => event.preventDefault());
byId("routes").replaceChildren(...Object.entries(description.paths).map(([path, { get }]) => route(path, get)));
