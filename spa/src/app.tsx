import { useEffect } from "preact/hooks";
import { ErrorBoundary, lazy, LocationProvider, Route, Router, useLocation } from "preact-iso";

import { FeedPage } from "./pages/feed";
import { NotFoundPage } from "./pages/not-found";
import { Notices } from "./parts/notices";
import { Waiting } from "./parts/loading";
import { face, logIn, restore, session } from "./session/session";

// What a visitor's first view does not need is fetched when it is.
const PostPage = lazy(() => import("./pages/post").then((m) => m.PostPage));
const TagsPage = lazy(() => import("./pages/tags").then((m) => m.TagsPage));
const TagPage = lazy(() => import("./pages/tag").then((m) => m.TagPage));
const AuthorPage = lazy(() => import("./pages/author").then((m) => m.AuthorPage));
const EditorPage = lazy(() => import("./writing/editor").then((m) => m.EditorPage));
const MyPostsPage = lazy(() => import("./writing/my-posts").then((m) => m.MyPostsPage));
const RevisionsPage = lazy(() => import("./writing/revisions").then((m) => m.RevisionsPage));
const WaitingCommentsPage = lazy(() =>
  import("./writing/waiting-comments").then((m) => m.WaitingCommentsPage),
);
const AccountPage = lazy(() => import("./account/account").then((m) => m.AccountPage));
const FollowingPage = lazy(() => import("./account/following").then((m) => m.FollowingPage));
const LikesPage = lazy(() => import("./account/likes").then((m) => m.LikesPage));

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

function Header() {
  const { path, route } = useLocation();
  useEffect(() => {
    // After the first paint, so that nothing of the login delays it.
    requestAnimationFrame(() =>
      setTimeout(async () => {
        const returnTo = await restore();
        if (returnTo) route(returnTo, true);
      }),
    );
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
