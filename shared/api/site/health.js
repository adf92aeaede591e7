// What the service says about itself, asked once.

let said = {};

async function ask() {
  try {
    const response = await fetch(new URL("health", new URL(".", document.baseURI)));
    if (response.ok) said = await response.json();
  } catch {
    // Pages without an API.
  }
  // Styles hide what is about users where nobody may ask about them.
  document.documentElement.dataset.personal = said.personal_routes ?? "open";
}

/** Resolves when the answer is there, or there is none. */
export const known = ask();

/** Returns the scale of the ratings, if it is known. */
export const scaleOfRatings = () => said.scale;
