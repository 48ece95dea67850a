import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ErrorBoundary, lazy, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { exec } from "preact-iso/router";

import { Spinner } from "./components/loading";
import { Notices } from "./components/notices";
import { Heading, useServedHead } from "./components/page";
import { siteName } from "./page-data";
import { FeedPage } from "./pages/feed";
import { NotFoundPage } from "./pages/not-found";
import { displayedUser, logIn, restore, session } from "./session/session";

// Pages that the first view of a visitor does not need are loaded on demand.
const PostPage = page(() => import("./pages/post").then((m) => m.PostPage));
const TagsPage = page(() => import("./pages/tags").then((m) => m.TagsPage));
const TagPage = page(() => import("./pages/tag").then((m) => m.TagPage));
const AuthorPage = page(() => import("./pages/author").then((m) => m.AuthorPage));
const EditorPage = page(() => import("./writing/editor").then((m) => m.EditorPage));
const MyPostsPage = page(() => import("./writing/my-posts").then((m) => m.MyPostsPage));
const RevisionsPage = page(() => import("./writing/revisions").then((m) => m.RevisionsPage));
const PendingCommentsPage = page(() =>
  import("./writing/pending-comments").then((m) => m.PendingCommentsPage),
);
const AccountPage = page(() => import("./account/account").then((m) => m.AccountPage));
const FollowingPage = page(() => import("./account/following").then((m) => m.FollowingPage));
const MyImagesPage = page(() => import("./account/images").then((m) => m.MyImagesPage));
const LikesPage = page(() => import("./account/likes").then((m) => m.LikesPage));

const PAGES: Record<string, ComponentType<never> & { preload?: () => Promise<unknown> }> = {
  "/": FeedPage,
  "/posts/:slug": PostPage,
  "/tags": TagsPage,
  "/tags/:tag": TagPage,
  "/authors/:id": AuthorPage,
  "/callback": Spinner,
  "/me": AccountPage,
  "/me/posts": MyPostsPage,
  "/me/posts/:id": EditorPage,
  "/me/posts/:id/revisions": RevisionsPage,
  "/me/comments": PendingCommentsPage,
  "/me/feed": FollowingPage,
  "/me/likes": LikesPage,
  "/me/media": MyImagesPage,
};

/** Load the page at a path, so that the first render has it. Return whether that worked. */
export async function load(path: string): Promise<boolean> {
  const found = Object.entries(PAGES).find(([pattern]) => exec(path, pattern));
  return (await found?.[1].preload?.()) !== ReloadPage;
}

/** Load a page on demand. If that fails, offer a reload: a newer version may have replaced the file. */
function page<Page extends ComponentType<never>>(load: () => Promise<Page>) {
  return lazy(() => load().catch(() => ReloadPage as unknown as Page));
}

function ReloadPage() {
  return (
    <>
      <Heading title="This page could not be loaded" />
      <p>There may be a newer version of this app, or the network is down.</p>
      <p>
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    </>
  );
}

/** Paths of the app. The host forwards the others to the API, so the browser must request them. */
const SCOPE = /^\/(?!media\/|sitemap\.xml|(.*\/)?feed\.(atom|json)$)/;

/** The app. `isMissing` says that the server has no page at the first address. */
export function App({ isMissing }: { isMissing: boolean }) {
  return (
    <LocationProvider scope={SCOPE}>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <ErrorBoundary onError={(error) => console.error(error)}>
          <Content isMissing={isMissing} />
        </ErrorBoundary>
      </main>
      <footer class="site">
        <a href="/feed.atom">Atom feed</a>
      </footer>
      <Notices />
    </LocationProvider>
  );
}

function Content({ isMissing }: { isMissing: boolean }) {
  const { url } = useLocation();
  const missing = useRef(isMissing ? url : undefined);
  if (missing.current !== url) missing.current = undefined; // it may exist at the next visit
  useServedHead(url);
  const pages = Object.entries(missing.current ? {} : PAGES);
  return (
    <Router>
      {pages.map(([path, component]) => (
        <Route key={path} path={path} component={component as ComponentType} />
      ))}
      <Route default component={NotFoundPage} />
    </Router>
  );
}

/** Wait for the first paint, so that the login does not delay it; a hidden tab never paints. */
function afterFirstPaint(): Promise<unknown> {
  const painted = new Promise((resolve) =>
    new PerformanceObserver((paints) => {
      if (paints.getEntriesByName("first-contentful-paint").length > 0) {
        resolve(undefined);
      }
    }).observe({ type: "paint", buffered: true }),
  );
  return Promise.race([painted, new Promise((resolve) => setTimeout(resolve, 1000))]);
}

function Header() {
  const { path, route } = useLocation();
  useEffect(() => {
    void afterFirstPaint()
      .then(restore)
      .then((returnTo) => returnTo && route(returnTo, true));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when the app starts
  }, []);

  const link = (href: string, text: string) => (
    <li>
      <a href={href} aria-current={path === href ? "page" : undefined}>
        {text}
      </a>
    </li>
  );
  return (
    <header class="site">
      <a class="title" href="/">
        {siteName()}
      </a>
      <nav aria-label="Site">
        <ul>
          {link("/", "Posts")}
          {link("/tags", "Tags")}
        </ul>
      </nav>
      {session.value.status === "visitor" ? (
        <button type="button" class="primary" onClick={() => logIn()}>
          Log in
        </button>
      ) : (
        <nav aria-label="Account" class={displayedUser() ? "" : "unknown"}>
          <ul>
            {link("/me/posts/new", "Write")}
            {link("/me/posts", "My posts")}
            {link("/me/feed", "Following")}
            {link("/me", displayedUser()?.name ?? "…")}
          </ul>
        </nav>
      )}
    </header>
  );
}
