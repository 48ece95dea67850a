import { render } from "preact";

import { App } from "./app";

try {
  decodeURIComponent(location.pathname);
} catch {
  history.replaceState(null, "", "/no-such-page"); // which the router could not read
}
render(<App />, document.body);
