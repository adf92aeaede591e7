// The filters of lists. All lists share them, and they last as long as the page.

import { debounce, fill, h, uid } from "./dom.js";
import { t, tn } from "./i18n.js";
import { field, GENRES, platformName, platforms } from "./parts.js";

const NONE = { platform: [], kind: "", genre: [], year_from: "", year_to: "", diversity: "" };
const chosen = { ...NONE };

/** Returns the filters as a list's parameters; an empty string means that a filter is not set. */
export function asked() {
  const params = Object.fromEntries(Object.entries(chosen).map(([name, value]) => [name, value.length > 0 ? value : ""]));
  for (const name of ["year_from", "year_to", "diversity"]) if (params[name] !== "") params[name] = Number(params[name]);
  return params;
}

/** Returns choices: radio buttons for a filter with one value, checkboxes for one with several. */
function chips(legend, name, options, changed) {
  const group = uid("chips");
  const several = Array.isArray(chosen[name]);
  return h(
    "fieldset.chips",
    null,
    h("legend", null, legend),
    options.map(([value, label]) => {
      const input = h("input", {
        type: several ? "checkbox" : "radio",
        name: group,
        value,
        onchange: () => {
          if (!several) chosen[name] = value;
          else if (input.checked) chosen[name] = [...chosen[name], value];
          else chosen[name] = chosen[name].filter((other) => other !== value);
          changed();
        },
      });
      input.checked = several ? chosen[name].includes(value) : chosen[name] === value;
      return h("label", null, input, h("span", null, label));
    }),
  );
}

function year(name, changed) {
  const input = h("input", {
    type: "number",
    inputmode: "numeric",
    min: 1900,
    max: 2100,
    value: chosen[name],
    oninput: debounce(400, () => {
      if (input.value !== "" && !input.validity.valid) return;
      chosen[name] = input.value;
      changed();
    }),
  });
  return field(t(`filters.${name}`), input);
}

/** Returns the filters, folded. Calls `changed` at each change. */
export function filters(changed) {
  const count = h("span.count");
  const inner = h("div.inner");
  const box = h("details.filters", null, h("summary", null, t("filters.heading"), " ", count), inner);

  function showCount() {
    const n = Object.values(chosen).filter((value) => value.length > 0).length;
    fill(count, n > 0 ? tn("filters.on", n) : null);
  }
  function change() {
    showCount();
    changed();
  }
  function draw() {
    const variety = h("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.1,
      value: chosen.diversity === "" ? 0 : chosen.diversity,
      oninput: debounce(150, () => {
        chosen.diversity = Number(variety.value) === 0 ? "" : variety.value;
        change();
      }),
    });
    fill(
      inner,
      chips(t("filters.platform"), "platform", [...platforms].sort().map((id) => [id, platformName(id)]), change),
      chips(t("filters.kind"), "kind", [["", t("filters.all")], ...["movie", "series"].map((kind) => [kind, t(`kinds.${kind}`)])], change),
      chips(t("filters.genre"), "genre", GENRES.map((stem) => [stem, t(`genre.${stem}`)]), change),
      h("fieldset.years", null, h("legend", null, t("filters.years")), year("year_from", change), year("year_to", change)),
      h(
        "div.variety",
        null,
        field(t("filters.diversity"), variety),
        h("p.ends", { "aria-hidden": "true" }, h("span", null, t("filters.diversity.low")), h("span", null, t("filters.diversity.high"))),
      ),
      h(
        "button.quiet",
        {
          type: "button",
          onclick: () => {
            Object.assign(chosen, NONE);
            draw();
            change();
            box.querySelector("summary").focus();
          },
        },
        t("filters.clear"),
      ),
    );
  }
  // Drawn when opened: by then answers have named the platforms.
  box.addEventListener("toggle", () => box.open && draw());
  showCount();
  return box;
}
