import { isStatus } from "../api/problem";
import { ErrorMessage } from "../components/loading";
import { Heading } from "../components/page";

export function NotFoundPage() {
  return (
    <>
      <Heading title="Page not found" />
      <p>This page does not exist, or it is not published.</p>
      <p>
        <a href="/">All posts</a>
      </p>
    </>
  );
}

/** The error of a page that could not be loaded; a 404 shows the page for that. */
export function LoadError({ failed }: { failed: { error: unknown; retry: () => void } }) {
  if (isStatus(failed.error, 404)) return <NotFoundPage />;
  return <ErrorMessage error={failed.error} retry={failed.retry} />;
}
