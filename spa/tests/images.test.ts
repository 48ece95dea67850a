import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { deletionQuestion, fileSize, others } from "../src/account/image-texts";
import { coverSources, fullSources, imageUrl } from "../src/api/images";
import { ACCEPTED, typeOf, UploadError } from "../src/writing/image-file";
import { settings } from "../src/settings";

const API = settings.apiUrl;
const OTHER = "https://example.com/media/a.png?b=1";

describe("the address of an image", () => {
  it("is at the API for the blog's own, in the width that is needed", () => {
    assert.equal(imageUrl("/media/A"), `${API}/media/A`);
    assert.equal(imageUrl("/media/A", 480), `${API}/media/A?w=480`);
    assert.equal(
      coverSources("/media/A"),
      `${API}/media/A?w=480 480w, ${API}/media/A?w=960 960w, ${API}/media/A?w=1600 1600w`,
    );
  });

  it("stays as it is for another site", () => {
    for (const url of [OTHER, "http://example.com/a", "//example.com/media/a", "data:,", ""]) {
      assert.equal(imageUrl(url, 480), url);
      assert.equal(coverSources(url), undefined);
    }
  });

  it("is at the API in all sources of a text's image", () => {
    assert.equal(fullSources("/media/A?w=480 480w"), `${API}/media/A?w=480 480w`);
    assert.equal(
      fullSources("/media/A?w=480 480w, /media/A?w=700 700w"),
      `${API}/media/A?w=480 480w, ${API}/media/A?w=700 700w`,
    );
    assert.equal(fullSources(`${OTHER} 2x, /media/A 3x`), `${OTHER} 2x, ${API}/media/A 3x`);
  });
});

describe("a file to upload", () => {
  const file = (type: string, name = "a", size = 1) => ({ type, name, size });

  it("has a type that the API accepts", () => {
    for (const type of ["png", "jpeg", "webp", "gif", "avif"]) {
      assert.equal(typeOf(file(`image/${type}`)), `image/${type}`);
      assert.equal(typeOf(file("", `Photo.1.${type.toUpperCase()}`)), `image/${type}`);
    }
  });

  it("is JPEG under its other names", () => {
    assert.equal(typeOf(file("image/jpg")), "image/jpeg");
    assert.equal(typeOf(file("", "a.jpg")), "image/jpeg");
    assert.ok(ACCEPTED.split(",").includes("image/jpg"));
  });

  it("is refused with another type", () => {
    for (const one of [
      file("text/plain", "a.png"),
      file("image/svg+xml", "a.svg"),
      file("image/heic", "a.heic"),
      file("", "a.txt"),
      file("", "png.bmp"),
      file(""),
    ]) {
      assert.throws(() => typeOf(one), UploadError);
    }
  });

  it("is refused if it is empty or too large", () => {
    const most = 8 * 1024 * 1024;
    assert.equal(typeOf(file("image/png", "a", most)), "image/png");
    assert.throws(() => typeOf(file("image/png", "a", most + 1)), /larger than 8 MB/);
    assert.throws(() => typeOf(file("image/png", "a", 0)), /empty/);
  });
});

describe("the question before an image is deleted", () => {
  const posts = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ id: `P${n}`, title: `Post ${n}` }));

  it("names the posts that use it", () => {
    assert.equal(deletionQuestion([]), "Delete this image?");
    assert.match(deletionQuestion(posts(1)), /Your post “Post 0” uses it/);
    assert.match(deletionQuestion(posts(2)), /Your posts “Post 0” and “Post 1” use it/);
    assert.match(deletionQuestion(posts(3)), /“Post 0”, “Post 1”, and “Post 2” use it/);
  });

  it("counts those that are too many to name", () => {
    assert.match(deletionQuestion(posts(10)), /“Post 8”, and “Post 9” use it/);
    assert.match(deletionQuestion(posts(11)), /“Post 9”, and 1 other use it/);
    assert.match(deletionQuestion(posts(30)), /“Post 9”, and 20 others use it/);
    assert.match(deletionQuestion(posts(100)), /“Post 9”, and 90 or more others use it/);
    assert.equal(others(95, 100), "95 or more others");
  });
});

describe("the size of a file", () => {
  it("is in units of a thousand", () => {
    const sizes = [0, 1, 999, 1_000, 58_246, 1_234_567, 999_000_000, 1_000_000_000, 2.5e12];
    assert.deepEqual(sizes.map(fileSize), [
      "0 kB",
      "0 kB",
      "1 kB",
      "1 kB",
      "58.2 kB",
      "1.2 MB",
      "999 MB",
      "1 GB",
      "2,500 GB",
    ]);
  });
});
