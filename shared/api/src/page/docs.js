// The page is made of openapi.json alone: what it shows is what the server says of itself.

const base = new URL(".", location.href);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function range(schema) {
  const said = [];
  if (schema.minimum !== undefined) said.push(`${schema.minimum} to ${schema.maximum}`);
  if (schema.maxItems !== undefined) said.push(`at most ${schema.maxItems}, separated by commas`);
  const named = schema.items?.enum;
  if (named) said.push(`of ${named.join(", ")}`);
  if (schema.default !== undefined) said.push(`${schema.default} where it is not given`);
  return said.join("; ");
}

function input(parameter, id, hint) {
  const { schema } = parameter;
  const shared = { id, name: parameter.name, required: parameter.required, "aria-describedby": hint };
  const options = schema.enum?.includes(true) ? ["true", "false"] : schema.enum;
  if (options) {
    const select = element("select", shared);
    if (!parameter.required) select.append(element("option", { value: "" }, "—"));
    select.append(...options.map((option) => element("option", { value: option }, option)));
    return select;
  }
  const number = schema.type === "integer" || schema.type === "number";
  return element("input", {
    ...shared,
    type: number ? "number" : "text",
    min: schema.minimum,
    max: schema.maximum,
    step: number ? (schema.type === "integer" ? "1" : "any") : undefined,
    maxlength: schema.type === "string" ? schema.maxLength : undefined,
    autocomplete: "off",
  });
}

function field(parameter, key) {
  const id = `${key}-${parameter.name}`;
  const name = [element("code", {}, parameter.name)];
  if (parameter.required) name.push(" (required)");
  const limits = range(parameter.schema);
  const hint = element("p", { id: `${id}-hint` }, parameter.description, limits ? ` (${limits})` : "");
  return element("div", { class: "field" }, element("label", { for: id }, ...name), input(parameter, id, hint.id), hint);
}

function address(path, parameters, form) {
  const query = new URLSearchParams();
  for (const parameter of parameters) {
    const value = form.elements.namedItem(parameter.name).value.trim();
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== "") query.set(parameter.name, value);
  }
  const text = query.toString();
  return new URL(path.slice(1) + (text ? `?${text}` : ""), base);
}

async function send(method, url, body, output) {
  output.replaceChildren("…");
  try {
    const began = performance.now();
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(url, { method, body, headers });
    const text = await response.text();
    const took = (performance.now() - began).toFixed(1);
    const kind = response.headers.get("content-type") ?? "";
    const shown = kind.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
    output.replaceChildren(
      element("p", {}, element("span", { class: response.ok ? "status" : "status refused" }, `${response.status}`), ` in ${took} ms, ${kind}`),
      element("pre", { tabindex: "0", "aria-label": "The answer" }, shown),
    );
  } catch (error) {
    output.replaceChildren(element("p", { class: "status refused" }, `No answer: ${error.message}`));
  }
}

function operation(path, method, said, spec) {
  const key = said.operationId;
  const parameters = said.parameters ?? [];
  const output = element("div", { role: "status" });
  const fields = parameters.map((parameter) => field(parameter, key));
  let area;
  if (said.requestBody) {
    const { example } = said.requestBody.content["application/json"];
    area = element("textarea", { id: `${key}-body`, rows: "8", spellcheck: "false" });
    area.value = JSON.stringify(example, null, 2);
    fields.push(element("div", { class: "field whole" }, element("label", { for: area.id }, "Body (JSON)"), area));
  }
  const form = element("form", {}, element("div", { class: "fields" }, ...fields), element("button", {}, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method.toUpperCase(), address(path, parameters, form), area?.value, output);
  });
  const statuses = Object.entries(said.responses).map(([status, response]) =>
    element("li", {}, element("code", {}, status), ` ${response.description}`));
  const content = Object.values(said.responses["200"].content)[0];
  const name = content.schema.$ref?.split("/").pop();
  const schema = name && element("details", {}, element("summary", {}, `Schema of the answer: ${name}`),
    element("pre", { tabindex: "0", "aria-label": `Schema ${name}` }, JSON.stringify(spec.components.schemas[name], null, 2)));
  return element("details", { id: key },
    element("summary", {}, element("span", { class: "method" }, method.toUpperCase()), element("code", {}, path), ` ${said.summary}`),
    form, output, element("ul", {}, ...statuses), schema ?? "");
}

async function start() {
  const about = document.getElementById("about");
  const main = document.getElementById("operations");
  const response = await fetch(new URL("openapi.json", base));
  const spec = await response.json();
  about.replaceChildren(`${spec.info.description} Version ${spec.info.version}. `,
    element("a", { href: "openapi.json" }, "openapi.json"));
  for (const tag of spec.tags) {
    main.append(element("h2", {}, tag.name));
    for (const [path, methods] of Object.entries(spec.paths)) {
      for (const [method, said] of Object.entries(methods)) {
        // The page itself, its script and its style are nothing to try.
        const tried = said.responses["200"].content["application/json"];
        if (tried && said.tags[0] === tag.name) main.append(operation(path, method, said, spec));
      }
    }
  }
  const asked = location.hash && document.getElementById(location.hash.slice(1));
  if (asked instanceof HTMLDetailsElement) {
    asked.open = true;
    asked.scrollIntoView();
  }
}

start().catch((error) => {
  document.getElementById("about").textContent = `The document could not be read: ${error.message}`;
});
