import { render } from "preact";

import { App } from "./app";

try {
  decodeURIComponent(location.pathname);
} catch {
  history.replaceState(null, "", "/no-such-page"); // the router cannot decode this one
}
render(<App />, document.body);
