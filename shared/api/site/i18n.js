// The texts of the first pages; i18n.later.js has those of the pages for questions, data and models. A test checks that both
// languages have the same keys.

const KEY = "cartelera.language";

export const words = {
  en: {
    "skip": "Skip to content",
    "nav.label": "Main",
    "nav.home": "For you",
    "nav.user": "Users",
    "nav.queries": "Questions",
    "nav.data": "The data",
    "nav.model": "The model",
    "lang.label": "Language",
    "foot.local": "Your ratings are kept in this browser only. The server uses them to make your list and does not store them.",
    "foot.model": "How the model was built",
    "foot.docs": "The API",

    "home.heading": "What’s on tonight?",
    "home.lead": "Rate a few films or series you know. Your ratings shape your list, and suggestions tell you why.",
    "home.strip": "Start with something well known",
    "home.strip.empty": "Nothing to show here.",
    "home.yours": "Your ratings",
    "home.yours.empty": "No ratings yet. Search for a title, or give stars to one above.",
    "home.yours.pending": "Rate it",
    "home.clear": "Delete all",
    "home.clear.sure": "Delete all your ratings?",
    "home.cleared": "Ratings deleted.",
    "home.bill": "Your lineup",
    "home.bill.popular": "These titles are popular. Rate something you liked to make this list your own.",
    "home.bill.biases": "This model does not tell individual tastes apart, so everyone gets the same order. Your ratings only shift the predicted scores.",
    "home.bill.yours.one": "Based on your {n} rating.",
    "home.bill.yours.other": "Based on your {n} ratings.",
    "home.bill.stars": "What you like most counts most.",
    "home.gone.one": "{n} title you rated is not in this catalog, so it is left out.",
    "home.gone.other": "{n} titles you rated are not in this catalog, so they are left out.",

    "search.label": "Find a title",
    "search.hint": "Type a few letters; typos and missing accents are fine",
    "search.found.one": "{n} title found. Use the arrow keys to choose.",
    "search.found.other": "{n} titles found. Use the arrow keys to choose.",
    "search.none": "No titles match “{q}”.",

    "list.updated.one": "The list now has {n} title.",
    "list.updated.other": "The list now has {n} titles.",
    "list.empty": "No titles match these filters. Try removing one.",
    "list.loading": "One moment…",
    "list.more": "Show more",

    "stars.legend": "Your rating of {title}",
    "stars.one": "{n} star",
    "stars.other": "{n} stars",
    "stars.of": "{n} out of {max}",
    "stars.remove": "Remove {title} from your ratings",

    "title.seen": "Seen it",
    "title.also": "also on {platforms}",
    "title.score": "Predicted rating: {n} out of {max}",
    "title.rated": "Rated {n} out of {max}",
    "title.n_ratings.one": "{n} rating",
    "title.n_ratings.other": "{n} ratings",
    "title.similar": "More like this",
    "title.similar.lead": "Titles that the same people like.",
    "title.similar.cold": "No ratings yet, so these are chosen by what the catalog says about it.",
    "title.similar.genres": "Not enough ratings yet, so here are titles in the same genres.",
    "title.similar.none": "No similar titles.",
    "title.likeness": "{n} similar",
    "title.yours": "Your rating",
    "title.ask": "Would another user like it?",
    "title.back": "Back to your lineup",

    "why.heading": "Why {title}",
    "why.because": "Because you rated",
    "why.liked": "Because you liked",
    "why.user.because": "Because this user rated",
    "why.user.liked": "Because this user liked",
    "why.share": "{n} of this suggestion",

    "filters.heading": "Filters",
    "filters.on.one": "{n} active",
    "filters.on.other": "{n} active",
    "filters.clear": "Clear filters",
    "filters.platform": "Platform",
    "filters.kind": "Type",
    "filters.genre": "Genre",
    "filters.years": "Years",
    "filters.year_from": "From",
    "filters.year_to": "To",
    "filters.diversity": "Variety",
    "filters.diversity.low": "Safest picks",
    "filters.diversity.high": "More variety",
    "filters.all": "All",

    "kind.movie": "Film",
    "kind.series": "Series",
    "kinds.movie": "Films",
    "kinds.series": "Series",

    "genre.action": "Action",
    "genre.anim": "Animation",
    "genre.comed": "Comedy",
    "genre.crime": "Crime",
    "genre.documentar": "Documentary",
    "genre.drama": "Drama",
    "genre.horror": "Horror",
    "genre.kids": "Kids",
    "genre.music": "Music",
    "genre.roman": "Romance",
    "genre.sci": "Sci-fi & science",
    "genre.thriller": "Thriller",

    "user.heading": "See it as another user",
    "user.lead": "Pick a user to see what they rated and what they would be recommended.",
    "user.id": "User ID",
    "user.go": "Show",
    "user.try": "Try",
    "user.of": "User {id}",
    "user.history": "What they rated",
    "user.history.count.one": "{n} rating",
    "user.history.count.other": "{n} ratings",
    "user.history.none": "There are no ratings by this user.",
    "user.list": "Recommended for them",
    "user.list.popular": "Nothing is known about what this user likes, so these are the most popular titles.",
    "user.list.model": "Chosen by the trained model.",
    "user.ask": "Would they like it?",
    "user.ask.lead": "Find a title and ask the model.",
    "user.answer.yes": "Yes, {title} is recommended for user {user}. Predicted rating: {score} out of {max}; titles from {threshold} up are recommended.",
    "user.answer.no": "No, {title} is not recommended for user {user}. Predicted rating: {score} out of {max}, below the {threshold} needed.",
    "user.answer.unknown": "There is no user {user} in the data. An average user would give {title} {score} out of {max}.",

    "queries.heading": "Questions about the catalogs",
    "queries.lead": "Answered straight from the catalogs and the ratings, with no model involved.",
    "queries.ask": "Ask",

    "data.heading": "The data behind it",
    "data.lead": "The catalogs and ratings behind every suggestion: how many there are, who rates what and when, and what was wrong with them.",

    "model.heading": "Behind the curtain",
    "model.lead": "Which models answer here, how good they are, and what they were trained on.",

    "error.heading": "Something went wrong",
    "error.offline": "No response. Are you offline? Your ratings are safe in this browser.",
    "error.server": "The server failed with status {status}. It is not your fault; try again in a moment.",
    "error.invalid": "Please check these values:",
    "error.missing": "Not found:",
    "error.personal": "This service does not answer questions about its users.",
    "error.no_ratings": "There are catalogs here but no ratings, so there are no scores or recommendations.",
    "error.route": "These pages are here, but the API they use is not. Open them at the address of the whole API: the URL of a single function answers only for that function.",
    "error.again": "Try again",
    "page.missing": "Page not found",
  },
  es: {
    "skip": "Saltar al contenido",
    "nav.label": "Principal",
    "nav.home": "Para ti",
    "nav.user": "Usuarios",
    "nav.queries": "Preguntas",
    "nav.data": "Los datos",
    "nav.model": "El modelo",
    "lang.label": "Idioma",
    "foot.local": "Tus valoraciones se guardan solo en este navegador. El servidor las usa para preparar tu lista y no las almacena.",
    "foot.model": "Cómo se hizo el modelo",
    "foot.docs": "La API",

    "home.heading": "¿Qué ponen esta noche?",
    "home.lead": "Puntúa algunas películas o series que hayas visto. Tus valoraciones dan forma a tu lista, y las recomendaciones te explican el porqué.",
    "home.strip": "Empieza por las más conocidas",
    "home.strip.empty": "Aquí no hay nada que mostrar.",
    "home.yours": "Tus valoraciones",
    "home.yours.empty": "Aún no has puntuado nada. Busca un título o pon estrellas a alguno de los de arriba.",
    "home.yours.pending": "¿Qué te pareció?",
    "home.clear": "Borrar todo",
    "home.clear.sure": "¿Borrar todas tus valoraciones?",
    "home.cleared": "Valoraciones borradas.",
    "home.bill": "Tu cartelera",
    "home.bill.popular": "De momento, lo más popular. Puntúa algo que te haya gustado y esta lista será tuya.",
    "home.bill.biases": "Este modelo no distingue gustos personales, así que el orden es igual para todos. Tus valoraciones solo ajustan la nota prevista.",
    "home.bill.yours.one": "Según tu valoración.",
    "home.bill.yours.other": "Según tus {n} valoraciones.",
    "home.bill.stars": "Lo que más te gusta es lo que más cuenta.",
    "home.gone.one": "{n} título que puntuaste no está en este catálogo y no se tiene en cuenta.",
    "home.gone.other": "{n} títulos que puntuaste no están en este catálogo y no se tienen en cuenta.",

    "search.label": "Busca un título",
    "search.hint": "Escribe unas letras; no importa si falta una tilde o hay una errata",
    "search.found.one": "{n} título encontrado. Elige con las flechas.",
    "search.found.other": "{n} títulos encontrados. Elige con las flechas.",
    "search.none": "No hay resultados para «{q}».",

    "list.updated.one": "La lista tiene ahora {n} título.",
    "list.updated.other": "La lista tiene ahora {n} títulos.",
    "list.empty": "Ningún título cumple estos filtros. Prueba a quitar alguno.",
    "list.loading": "Un momento…",
    "list.more": "Ver más",

    "stars.legend": "Tu valoración de {title}",
    "stars.one": "{n} estrella",
    "stars.other": "{n} estrellas",
    "stars.of": "{n} sobre {max}",
    "stars.remove": "Quitar {title} de tus valoraciones",

    "title.seen": "Ya la he visto",
    "title.also": "también en {platforms}",
    "title.score": "Nota prevista: {n} sobre {max}",
    "title.rated": "Valoración: {n} sobre {max}",
    "title.n_ratings.one": "{n} valoración",
    "title.n_ratings.other": "{n} valoraciones",
    "title.similar": "Títulos parecidos",
    "title.similar.lead": "Títulos que gustan a las mismas personas.",
    "title.similar.cold": "Aún no tiene valoraciones; estos títulos se eligen según sus datos de catálogo.",
    "title.similar.genres": "Aún tiene pocas valoraciones; te mostramos títulos de los mismos géneros.",
    "title.similar.none": "No hay títulos parecidos.",
    "title.likeness": "Parecido: {n}",
    "title.yours": "Tu valoración",
    "title.ask": "¿Le gustaría a otro usuario?",
    "title.back": "Volver a tu cartelera",

    "why.heading": "Por qué {title}",
    "why.because": "Porque puntuaste",
    "why.liked": "Porque te gustó",
    "why.user.because": "Porque puntuó",
    "why.user.liked": "Porque le gustó",
    "why.share": "pesa un {n} en la recomendación",

    "filters.heading": "Filtros",
    "filters.on.one": "{n} activo",
    "filters.on.other": "{n} activos",
    "filters.clear": "Quitar filtros",
    "filters.platform": "Plataforma",
    "filters.kind": "Tipo",
    "filters.genre": "Género",
    "filters.years": "Años",
    "filters.year_from": "Desde",
    "filters.year_to": "Hasta",
    "filters.diversity": "Variedad",
    "filters.diversity.low": "Lo más afín",
    "filters.diversity.high": "Más variado",
    "filters.all": "Todos",

    "kind.movie": "Película",
    "kind.series": "Serie",
    "kinds.movie": "Películas",
    "kinds.series": "Series",

    "genre.action": "Acción",
    "genre.anim": "Animación",
    "genre.comed": "Comedia",
    "genre.crime": "Policíaca",
    "genre.documentar": "Documental",
    "genre.drama": "Drama",
    "genre.horror": "Terror",
    "genre.kids": "Infantil",
    "genre.music": "Música",
    "genre.roman": "Romántica",
    "genre.sci": "Ciencia ficción y ciencia",
    "genre.thriller": "Suspense",

    "user.heading": "Ver como otro usuario",
    "user.lead": "Elige un usuario para ver qué puntuó y qué se le recomendaría.",
    "user.id": "ID de usuario",
    "user.go": "Ver",
    "user.try": "Prueba con",
    "user.of": "Usuario {id}",
    "user.history": "Sus valoraciones",
    "user.history.count.one": "{n} valoración",
    "user.history.count.other": "{n} valoraciones",
    "user.history.none": "No hay valoraciones de este usuario.",
    "user.list": "Recomendado para este usuario",
    "user.list.popular": "No se sabe qué le gusta a este usuario, así que estos son los títulos más populares.",
    "user.list.model": "Según el modelo entrenado.",
    "user.ask": "¿Le gustaría?",
    "user.ask.lead": "Busca un título y pregunta al modelo.",
    "user.answer.yes": "Sí, {title} se recomienda al usuario {user}. Nota prevista: {score} sobre {max} (se recomienda a partir de {threshold}).",
    "user.answer.no": "No, {title} no se recomienda al usuario {user}. Nota prevista: {score} sobre {max} (se recomienda a partir de {threshold}).",
    "user.answer.unknown": "No hay ningún usuario {user} en los datos. Un usuario medio le daría a {title} un {score} sobre {max}.",

    "queries.heading": "Preguntas sobre los catálogos",
    "queries.lead": "Respuestas sacadas de los catálogos y las valoraciones; aquí no interviene ningún modelo.",
    "queries.ask": "Preguntar",

    "data.heading": "Los datos de partida",
    "data.lead": "Los catálogos y las valoraciones que hay detrás de cada recomendación: cuántos hay, quién valora qué y cuándo, y qué errores había.",

    "model.heading": "Entre bastidores",
    "model.lead": "Qué modelos responden, cómo de buenos son y con qué datos se entrenaron.",

    "error.heading": "Algo ha fallado",
    "error.offline": "No hay respuesta. ¿Tienes conexión? Tus valoraciones siguen a salvo en este navegador.",
    "error.server": "El servidor ha fallado (código {status}). No es culpa tuya; vuelve a intentarlo en un momento.",
    "error.invalid": "Revisa estos datos:",
    "error.missing": "No se ha encontrado:",
    "error.personal": "Este servicio no responde preguntas sobre sus usuarios.",
    "error.no_ratings": "Aquí hay catálogos, pero ninguna valoración, así que no hay notas ni recomendaciones.",
    "error.route": "Estas páginas están aquí, pero la API que usan no. Ábrelas en la dirección de la API completa: la URL de una función suelta solo responde por esa función.",
    "error.again": "Reintentar",
    "page.missing": "Página no encontrada",
  },
};

/** Returns what an object has of its own under a key; names such as `constructor` are in every object. */
export const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);

function preferred() {
  try {
    const kept = localStorage.getItem(KEY);
    if (Object.hasOwn(words, kept)) return kept;
  } catch {
    // No storage: the browser's language decides.
  }
  const first = (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => Object.hasOwn(words, tag));
  return first ?? "en";
}

let language = preferred();

/** The language of the page: `en` or `es`. */
export const lang = () => language;

/** Changes the language and remembers it. */
export function setLang(next) {
  language = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // No storage: the choice lasts as long as the page.
  }
}

/** Adds the texts of a page that is loaded later. */
export function learn(more) {
  for (const [of, found] of Object.entries(more)) Object.assign(words[of], found);
}

/** Returns the text of a key, with `{name}` filled in. */
export function t(key, values = {}) {
  const text = own(words[language], key) ?? own(words.en, key) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => own(values, name) ?? whole);
}

/** Returns the text for a number: `key.one` or `key.other`, with `{n}` filled in. */
export function tn(key, n, values = {}) {
  const form = new Intl.PluralRules(language).select(n) === "one" ? "one" : "other";
  return t(`${key}.${form}`, { n: number(n), ...values });
}

/** Returns a sentence as texts and elements: `{name}` becomes the element of that name. */
export function sentence(key, parts, n) {
  const form = n === undefined ? "" : new Intl.PluralRules(language).select(n) === "one" ? ".one" : ".other";
  const text = own(words[language], key + form) ?? key;
  const values = n === undefined ? parts : { n: number(n), ...parts };
  return text.split(/(\{\w+\})/).map((piece) => (piece.startsWith("{") && own(values, piece.slice(1, -1))) || piece);
}

/** Formats a number for the language. */
export const number = (value, options) => new Intl.NumberFormat(language, options).format(value);

/** Formats a score, with one decimal. */
export const score = (value) => number(value, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Formats a share as a percentage. */
export const percent = (value) => number(value, { style: "percent", maximumFractionDigits: 0 });

/** Formats a date, given as Unix seconds or as text. */
export function date(value) {
  const time = new Date(typeof value === "number" ? value * 1000 : value);
  return Number.isNaN(time.getTime()) ? String(value) : new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(time);
}

/** Joins names: a, b and c. */
export const list = (names) => new Intl.ListFormat(language, { type: "conjunction" }).format(names);
