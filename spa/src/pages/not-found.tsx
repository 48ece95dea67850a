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
