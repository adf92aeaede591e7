// Every word of the first pages, in both languages; those of the pages that come later stand in i18n.later.js. A test holds
// that both languages have the same keys.

const KEY = "cartelera.language";

export const words = {
  en: {
    "skip": "Skip to the content",
    "nav.label": "Main",
    "nav.home": "For you",
    "nav.user": "Users",
    "nav.queries": "Questions",
    "nav.data": "The data",
    "nav.model": "The model",
    "lang.label": "Language",
    "foot.local": "What you rate stays in this browser.",
    "foot.model": "How the model was made",
    "foot.docs": "The API",

    "home.heading": "What’s on tonight?",
    "home.lead": "Rate a few films or series that you know. Each star changes the line-up below, and each suggestion says why it is there.",
    "home.strip": "Start with something well known",
    "home.strip.empty": "There is nothing to show here.",
    "home.yours": "Your ratings",
    "home.yours.empty": "Nothing yet. Search for a title, or give stars to one above.",
    "home.yours.pending": "How was it?",
    "home.clear": "Clear all",
    "home.clear.sure": "Take away all your ratings?",
    "home.cleared": "All your ratings are gone.",
    "home.bill": "Your line-up",
    "home.bill.popular": "What many people liked. It becomes yours with your first rating.",
    "home.bill.biases": "This release has learnt no tastes: your ratings tell how strict you are, and the order is everybody’s.",
    "home.bill.yours.one": "Made from your {n} rating.",
    "home.bill.yours.other": "Made from your {n} ratings.",
    "home.gone.one": "{n} title that you rated is not in this release, and is left out.",
    "home.gone.other": "{n} titles that you rated are not in this release, and are left out.",

    "search.label": "Find a title",
    "search.hint": "Type a few letters: accents and slips are forgiven",
    "search.found.one": "{n} title. Arrow keys to choose.",
    "search.found.other": "{n} titles. Arrow keys to choose.",
    "search.none": "No title like “{q}”.",

    "list.updated.one": "The list has {n} title.",
    "list.updated.other": "The list has {n} titles.",
    "list.empty": "Nothing fits these filters. Take one away to see more.",
    "list.loading": "One moment…",
    "list.more": "Show more",

    "stars.legend": "Your rating of {title}",
    "stars.one": "{n} star",
    "stars.other": "{n} stars",
    "stars.of": "{n} of 5",
    "stars.remove": "Take {title} away",

    "title.seen": "I have seen it",
    "title.also": "also on {platforms}",
    "title.score": "Predicted: {n} of 5",
    "title.rated": "Rated {n} of 5",
    "title.n_ratings.one": "{n} rating",
    "title.n_ratings.other": "{n} ratings",
    "title.similar": "Like this one",
    "title.similar.lead": "Titles that the same people like.",
    "title.similar.genres": "Too few ratings to tell who likes it: titles of the same genres.",
    "title.likeness": "{n} alike",
    "title.yours": "Your rating",
    "title.ask": "Would it suit a user?",
    "title.back": "Back to your line-up",

    "why.heading": "Why {title}",
    "why.because": "Because you rated",
    "why.because.user": "Because of the rating of",
    "why.share": "{n} of the reasons",

    "filters.heading": "Filters",
    "filters.on.one": "{n} in use",
    "filters.on.other": "{n} in use",
    "filters.clear": "No filters",
    "filters.platform": "Platform",
    "filters.kind": "Kind",
    "filters.genre": "Genre",
    "filters.years": "Years",
    "filters.year_from": "From",
    "filters.year_to": "To",
    "filters.diversity": "Variety",
    "filters.diversity.low": "The surest",
    "filters.diversity.high": "More varied",
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
    "genre.kids": "Children",
    "genre.music": "Music",
    "genre.roman": "Romance",
    "genre.sci": "Science",
    "genre.thriller": "Thriller",

    "user.heading": "Somebody’s evening",
    "user.lead": "Pick a user of the data: what they rated, and what the model would show them.",
    "user.id": "User id",
    "user.go": "Show",
    "user.try": "Try",
    "user.of": "User {id}",
    "user.history": "What they rated",
    "user.history.count.one": "{n} rating",
    "user.history.count.other": "{n} ratings",
    "user.history.none": "There is no history of this user.",
    "user.list": "What they would be shown",
    "user.list.popular": "Nothing is known of this user: these are titles that many people liked.",
    "user.list.model": "From the trained model.",
    "user.ask": "Would they like it?",
    "user.ask.lead": "Find a title, and ask the model.",
    "user.answer.yes": "Yes: {title} is recommended to user {user}. The predicted score is {score} of 5, and {threshold} is enough.",
    "user.answer.no": "No: {title} is not recommended to user {user}. The predicted score is {score} of 5, and it would take {threshold}.",

    "queries.heading": "Four questions",
    "queries.lead": "Of the catalogues alone, with no model between.",
    "queries.ask": "Ask",
    "queries.any": "Any",
    "queries.platform": "Platform",
    "queries.year": "Year",
    "queries.longest": "What is the longest title?",
    "queries.longest.unit": "Measured in",
    "queries.unit.min": "minutes",
    "queries.unit.season": "seasons",
    "queries.longest.where": "{title} ({where}) is the longest: {duration}.",
    "queries.longest.ties.one": "{n} other is as long.",
    "queries.longest.ties.other": "{n} others are as long.",
    "queries.min.one": "{n} minute",
    "queries.min.other": "{n} minutes",
    "queries.season.one": "{n} season",
    "queries.season.other": "{n} seasons",
    "queries.score": "How many films are rated above a score?",
    "queries.score.scored": "Mean score above",
    "queries.score.answer.one": "{n} film of {year} on {platform} has a mean score above {scored}.",
    "queries.score.answer.other": "{n} films of {year} on {platform} have a mean score above {scored}.",
    "queries.count": "How many films has a platform?",
    "queries.count.answer.one": "{platform} has {n} film.",
    "queries.count.answer.other": "{platform} has {n} films.",
    "queries.actor": "Who is in most titles?",
    "queries.actor.answer.one": "On {platform} in {year}, {actor} is in most: {n} title.",
    "queries.actor.answer.other": "On {platform} in {year}, {actor} is in most: {n} titles.",
    "queries.actor.ties": "As many have {names}.",
    "queries.none": "Nothing matches.",

    "data.heading": "What it was made from",
    "data.lead": "The catalogues and the ratings behind every suggestion: how many, whose, since when, and what was wrong with them.",

    "model.heading": "Behind the curtain",
    "model.lead": "What answers here, and what it was made from.",

    "error.heading": "That did not work",
    "error.offline": "No answer came. Are you offline? What you rated is safe in this browser.",
    "error.server": "The server failed with status {status}. It is not your fault; try again in a moment.",
    "error.invalid": "Something in the question is not right:",
    "error.missing": "There is no such thing:",
    "error.route": "The pages are here, and the API that they ask is not. Open them at the address of the whole API: a function’s own URL answers for that function alone.",
    "error.again": "Try again",
    "page.missing": "There is no such page",
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
    "foot.local": "Lo que valoras se queda en este navegador.",
    "foot.model": "Cómo se hizo el modelo",
    "foot.docs": "La API",

    "home.heading": "¿Qué ponen esta noche?",
    "home.lead": "Valora unas cuantas películas o series que conozcas. Cada estrella cambia la cartelera de abajo, y cada sugerencia dice por qué está ahí.",
    "home.strip": "Empieza por algo muy conocido",
    "home.strip.empty": "No hay nada que mostrar aquí.",
    "home.yours": "Tus valoraciones",
    "home.yours.empty": "Todavía ninguna. Busca un título, o da estrellas a uno de los de arriba.",
    "home.yours.pending": "¿Qué te pareció?",
    "home.clear": "Borrar todo",
    "home.clear.sure": "¿Quitar todas tus valoraciones?",
    "home.cleared": "Ya no queda ninguna valoración.",
    "home.bill": "Tu cartelera",
    "home.bill.popular": "Lo que ha gustado a muchos. Será tuya con tu primera valoración.",
    "home.bill.biases": "Esta versión no ha aprendido gustos: tus valoraciones dicen lo exigente que eres, y el orden es el de todos.",
    "home.bill.yours.one": "Hecha con tu única valoración.",
    "home.bill.yours.other": "Hecha con tus {n} valoraciones.",
    "home.gone.one": "{n} título que valoraste no está en esta versión, y no cuenta.",
    "home.gone.other": "{n} títulos que valoraste no están en esta versión, y no cuentan.",

    "search.label": "Busca un título",
    "search.hint": "Escribe unas letras: se perdonan tildes y erratas",
    "search.found.one": "{n} título. Elige con las flechas.",
    "search.found.other": "{n} títulos. Elige con las flechas.",
    "search.none": "Ningún título se parece a «{q}».",

    "list.updated.one": "La lista tiene {n} título.",
    "list.updated.other": "La lista tiene {n} títulos.",
    "list.empty": "Nada cumple estos filtros. Quita alguno para ver más.",
    "list.loading": "Un momento…",
    "list.more": "Mostrar más",

    "stars.legend": "Tu valoración de {title}",
    "stars.one": "{n} estrella",
    "stars.other": "{n} estrellas",
    "stars.of": "{n} de 5",
    "stars.remove": "Quitar {title}",

    "title.seen": "La he visto",
    "title.also": "también en {platforms}",
    "title.score": "Previsión: {n} de 5",
    "title.rated": "Valorada con {n} de 5",
    "title.n_ratings.one": "{n} valoración",
    "title.n_ratings.other": "{n} valoraciones",
    "title.similar": "Parecidos a este",
    "title.similar.lead": "Títulos que gustan a las mismas personas.",
    "title.similar.genres": "Hay pocas valoraciones para saber a quién le gusta: títulos de los mismos géneros.",
    "title.likeness": "{n} de parecido",
    "title.yours": "Tu valoración",
    "title.ask": "¿Le gustaría a un usuario?",
    "title.back": "Volver a tu cartelera",

    "why.heading": "Por qué {title}",
    "why.because": "Porque valoraste",
    "why.because.user": "Por la valoración de",
    "why.share": "{n} de los motivos",

    "filters.heading": "Filtros",
    "filters.on.one": "{n} en uso",
    "filters.on.other": "{n} en uso",
    "filters.clear": "Sin filtros",
    "filters.platform": "Plataforma",
    "filters.kind": "Tipo",
    "filters.genre": "Género",
    "filters.years": "Años",
    "filters.year_from": "Desde",
    "filters.year_to": "Hasta",
    "filters.diversity": "Variedad",
    "filters.diversity.low": "Lo más seguro",
    "filters.diversity.high": "Más variado",
    "filters.all": "Todo",

    "kind.movie": "Película",
    "kind.series": "Serie",
    "kinds.movie": "Películas",
    "kinds.series": "Series",

    "genre.action": "Acción",
    "genre.anim": "Animación",
    "genre.comed": "Comedia",
    "genre.crime": "Crimen",
    "genre.documentar": "Documental",
    "genre.drama": "Drama",
    "genre.horror": "Terror",
    "genre.kids": "Infantil",
    "genre.music": "Música",
    "genre.roman": "Romance",
    "genre.sci": "Ciencia",
    "genre.thriller": "Suspense",

    "user.heading": "La noche de otra persona",
    "user.lead": "Elige un usuario de los datos: qué valoró, y qué le mostraría el modelo.",
    "user.id": "Identificador",
    "user.go": "Mostrar",
    "user.try": "Prueba con",
    "user.of": "Usuario {id}",
    "user.history": "Lo que valoró",
    "user.history.count.one": "{n} valoración",
    "user.history.count.other": "{n} valoraciones",
    "user.history.none": "No hay historial de este usuario.",
    "user.list": "Lo que se le mostraría",
    "user.list.popular": "No se sabe nada de este usuario: son títulos que han gustado a muchos.",
    "user.list.model": "Según el modelo entrenado.",
    "user.ask": "¿Le gustaría?",
    "user.ask.lead": "Busca un título y pregunta al modelo.",
    "user.answer.yes": "Sí: {title} se recomienda al usuario {user}. La nota prevista es {score} de 5, y basta con {threshold}.",
    "user.answer.no": "No: {title} no se recomienda al usuario {user}. La nota prevista es {score} de 5, y haría falta {threshold}.",

    "queries.heading": "Cuatro preguntas",
    "queries.lead": "Solo sobre los catálogos, sin ningún modelo de por medio.",
    "queries.ask": "Preguntar",
    "queries.any": "Cualquiera",
    "queries.platform": "Plataforma",
    "queries.year": "Año",
    "queries.longest": "¿Cuál es el título más largo?",
    "queries.longest.unit": "Medido en",
    "queries.unit.min": "minutos",
    "queries.unit.season": "temporadas",
    "queries.longest.where": "{title} ({where}) es el título más largo: {duration}.",
    "queries.longest.ties.one": "Hay {n} más igual de largo.",
    "queries.longest.ties.other": "Hay {n} más igual de largos.",
    "queries.min.one": "{n} minuto",
    "queries.min.other": "{n} minutos",
    "queries.season.one": "{n} temporada",
    "queries.season.other": "{n} temporadas",
    "queries.score": "¿Cuántas películas superan una nota?",
    "queries.score.scored": "Nota media superior a",
    "queries.score.answer.one": "{n} película de {year} en {platform} tiene una nota media superior a {scored}.",
    "queries.score.answer.other": "{n} películas de {year} en {platform} tienen una nota media superior a {scored}.",
    "queries.count": "¿Cuántas películas tiene una plataforma?",
    "queries.count.answer.one": "{platform} tiene {n} película.",
    "queries.count.answer.other": "{platform} tiene {n} películas.",
    "queries.actor": "¿Quién aparece en más títulos?",
    "queries.actor.answer.one": "En {platform}, en {year}, quien más aparece es {actor}: {n} título.",
    "queries.actor.answer.other": "En {platform}, en {year}, quien más aparece es {actor}: {n} títulos.",
    "queries.actor.ties": "Los mismos tiene: {names}.",
    "queries.none": "No hay nada que coincida.",

    "data.heading": "De qué está hecha",
    "data.lead": "Los catálogos y las valoraciones que hay detrás de cada sugerencia: cuántos, de quién, desde cuándo y qué tenían de malo.",

    "model.heading": "Entre bastidores",
    "model.lead": "Qué responde aquí, y con qué se hizo.",

    "error.heading": "No ha podido ser",
    "error.offline": "No llegó ninguna respuesta. ¿Hay conexión? Tus valoraciones siguen a salvo en este navegador.",
    "error.server": "El servidor falló con el código {status}. No es culpa tuya; vuelve a intentarlo en un momento.",
    "error.invalid": "Hay algo en la pregunta que no está bien:",
    "error.missing": "Eso no existe:",
    "error.route": "Las páginas están aquí, pero la API a la que preguntan no. Ábrelas en la dirección de la API entera: la URL propia de una función solo responde por esa función.",
    "error.again": "Reintentar",
    "page.missing": "No existe esa página",
  },
};

function preferred() {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept in words) return kept;
  } catch {
    // No storage: the browser's language decides.
  }
  const first = (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => tag in words);
  return first ?? "en";
}

let language = preferred();

/** The language of the page: `en` or `es`. */
export const lang = () => language;

/** Changes the language, and remembers it. */
export function setLang(next) {
  language = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It lasts as long as the page.
  }
}

/** Takes the words of pages that come later. */
export function learn(more) {
  for (const [of, found] of Object.entries(more)) Object.assign(words[of], found);
}

/** Words by key, with `{name}` filled in. */
export function t(key, values = {}) {
  const text = words[language][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Words for a number: `key.one` or `key.other`, with `{n}`. */
export function tn(key, n, values = {}) {
  const form = new Intl.PluralRules(language).select(n) === "one" ? "one" : "other";
  return t(`${key}.${form}`, { n: number(n), ...values });
}

/** A sentence of text and elements: `{name}` becomes the element of that name. */
export function sentence(key, parts, n) {
  const form = n === undefined ? "" : new Intl.PluralRules(language).select(n) === "one" ? ".one" : ".other";
  const text = words[language][key + form] ?? key;
  const values = n === undefined ? parts : { n: number(n), ...parts };
  return text.split(/(\{\w+\})/).map((piece) => (piece.startsWith("{") && values[piece.slice(1, -1)]) || piece);
}

/** A number as it is written in the language. */
export const number = (value, options) => new Intl.NumberFormat(language, options).format(value);

/** A score with one decimal. */
export const score = (value) => number(value, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A share as a percentage. */
export const percent = (value) => number(value, { style: "percent", maximumFractionDigits: 0 });

/** A date; seconds since 1970, or text. */
export function date(value) {
  const time = new Date(typeof value === "number" ? value * 1000 : value);
  return Number.isNaN(time.getTime()) ? String(value) : new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(time);
}

/** Names in a row: a, b and c. */
export const list = (names) => new Intl.ListFormat(language, { type: "conjunction" }).format(names);
