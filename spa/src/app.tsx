import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { ErrorBoundary, lazy, LocationProvider, Route, Router, useLocation } from "preact-iso";

import { FeedPage } from "./pages/feed";
import { NotFoundPage } from "./pages/not-found";
import { Notices } from "./parts/notices";
import { Waiting } from "./parts/loading";
import { Heading } from "./parts/page";
import { face, logIn, restore, session } from "./session/session";

// What a visitor's first view does not need is fetched when it is.
const PostPage = page(() => import("./pages/post").then((m) => m.PostPage));
const TagsPage = page(() => import("./pages/tags").then((m) => m.TagsPage));
const TagPage = page(() => import("./pages/tag").then((m) => m.TagPage));
const AuthorPage = page(() => import("./pages/author").then((m) => m.AuthorPage));
const EditorPage = page(() => import("./writing/editor").then((m) => m.EditorPage));
const MyPostsPage = page(() => import("./writing/my-posts").then((m) => m.MyPostsPage));
const RevisionsPage = page(() => import("./writing/revisions").then((m) => m.RevisionsPage));
const WaitingCommentsPage = page(() =>
  import("./writing/waiting-comments").then((m) => m.WaitingCommentsPage),
);
const AccountPage = page(() => import("./account/account").then((m) => m.AccountPage));
const FollowingPage = page(() => import("./account/following").then((m) => m.FollowingPage));
const LikesPage = page(() => import("./account/likes").then((m) => m.LikesPage));

/** Where a part is gone, because a newer app was put in its place, or out of reach: load it anew. */
function page<Page extends ComponentType<never>>(load: () => Promise<Page>) {
  return lazy(() => load().catch(() => ReloadPage as unknown as Page));
}

function ReloadPage() {
  return (
    <>
      <Heading title="This page could not be loaded" />
      <p>There may be a newer version of this app, or no network.</p>
      <p>
        <button type="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </p>
    </>
  );
}

/** Paths that the site's host hands on to the API, so that the browser must ask for them. */
const PAGES = /^\/(?!media\/|sitemap\.xml|(.*\/)?feed\.(atom|json)$)/;

export function App() {
  return (
    <LocationProvider scope={PAGES}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <ErrorBoundary onError={(error) => console.error(error)}>
          <Router>
            <Route path="/" component={FeedPage} />
            <Route path="/posts/:slug" component={PostPage} />
            <Route path="/tags" component={TagsPage} />
            <Route path="/tags/:tag" component={TagPage} />
            <Route path="/authors/:id" component={AuthorPage} />
            <Route path="/callback" component={Waiting} />
            <Route path="/me" component={AccountPage} />
            <Route path="/me/posts" component={MyPostsPage} />
            <Route path="/me/posts/:id" component={EditorPage} />
            <Route path="/me/posts/:id/revisions" component={RevisionsPage} />
            <Route path="/me/comments" component={WaitingCommentsPage} />
            <Route path="/me/feed" component={FollowingPage} />
            <Route path="/me/likes" component={LikesPage} />
            <Route default component={NotFoundPage} />
          </Router>
        </ErrorBoundary>
      </main>
      <footer class="site">
        <a href="/feed.atom">Atom feed</a>
      </footer>
      <Notices />
    </LocationProvider>
  );
}

/** So that nothing of the login delays what one sees first; a hidden tab paints nothing. */
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
        Serverless blog
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
        <nav aria-label="Yours" class={face() ? "" : "unknown"}>
          <ul>
            {link("/me/posts/new", "Write")}
            {link("/me/posts", "My posts")}
            {link("/me/feed", "Following")}
            {link("/me", face()?.name ?? "…")}
          </ul>
        </nav>
      )}
    </header>
  );
}
