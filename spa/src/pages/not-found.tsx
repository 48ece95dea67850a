import { isStatus } from "../api/problem";
import { Failure } from "../parts/loading";
import { Heading } from "../parts/page";

export function NotFoundPage() {
  return (
    <>
      <Heading title="There is nothing here" />
      <p>It does not exist, or it is not published.</p>
      <p>
        <a href="/">All posts</a>
      </p>
    </>
  );
}

/** In place of what could not be loaded: that there is nothing, or what went wrong. */
export function NotLoaded({ failed }: { failed: { error: unknown; again: () => void } }) {
  if (isStatus(failed.error, 404)) return <NotFoundPage />;
  return <Failure error={failed.error} again={failed.again} />;
}
