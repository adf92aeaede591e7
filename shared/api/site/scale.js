// What stars mean on the scale of the release's ratings.

import * as health from "./health.js";

// Without an API, ratings are stars.
let scale = { low: 0.5, high: 5, liked: 4 };

async function learn() {
  await health.known;
  const found = health.scaleOfRatings();
  if (found) scale = { liked: 0.8 * found.high, ...found };
}

/** Resolves when the scale is known. */
export const known = learn();

/** Returns the lowest rating. */
export const low = () => scale.low;

/** Returns the highest rating. */
export const high = () => scale.high;

/** Returns a good rating: two thirds of the way up. */
export const recommended = () => Math.round(10 * (scale.low + ((scale.high - scale.low) * 2) / 3)) / 10;

/** Returns whether ratings are stars themselves: from half a star or one star to five. */
export const areStars = () => scale.high === 5 && (scale.low === 0.5 || scale.low === 1);

/** Returns the rating that a number of stars, 0.5 to 5, stands for. */
export function ofStars(stars) {
  const rating = scale.low >= 0 ? (stars / 5) * scale.high : scale.low + (stars / 5) * (scale.high - scale.low);
  return Math.min(scale.high, Math.max(scale.low, rating));
}

/** Returns the number of stars of a rating. */
export const toStars = (rating) =>
  scale.low >= 0 ? (5 * rating) / scale.high : (5 * (rating - scale.low)) / (scale.high - scale.low);
