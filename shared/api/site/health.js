// The answer of /health, requested once.

let said = {};

async function ask() {
  try {
    const response = await fetch(new URL("health", new URL(".", document.baseURI)));
    if (response.ok) said = await response.json();
  } catch {
    // Pages without an API.
  }
  // The stylesheet hides user pages if the service does not allow them.
  document.documentElement.dataset.personal = said.personal_routes ?? "open";
}

/** Resolves once the service has answered, or could not be reached. */
export const known = ask();

/** Returns the scale of the ratings, if it is known. */
export const scaleOfRatings = () => said.scale;
