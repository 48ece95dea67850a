import { hydrate, render } from "preact";

import { App, load } from "./app";
import { answers, readPageData } from "./page-data";

async function start(): Promise<void> {
  try {
    decodeURIComponent(location.pathname);
  } catch {
    history.replaceState(null, "", "/no-such-page"); // the router cannot decode this one
  }
  const page = readPageData();
  if (!page) {
    // A page that only says "Loading" stays until there is something to put in its place.
    if (document.getElementById("content")) await load(location.pathname);
    render(<App isMissing={false} />, document.body);
    return;
  }
  const isMissing = Object.keys(page.answers).length === 0;
  // Without its part of the app, the server's page stays: all of its links work.
  if (!isMissing && !(await load(location.pathname))) return;
  answers.offer(page);
  try {
    takeOver(isMissing);
  } finally {
    answers.withdraw();
  }
}

/** Take over the elements of the server's page. If that fails, show it as it was. */
function takeOver(isMissing: boolean): void {
  // A document without a window loads no images.
  const served = document.implementation.createHTMLDocument().importNode(document.body, true);
  try {
    hydrate(<App isMissing={isMissing} />, document.body);
  } catch (error) {
    document.body = served;
    throw error;
  }
}

void start();
