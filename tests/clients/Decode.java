import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.openapitools.client.JSON;
import org.openapitools.client.model.AbstractOpenApiSchema;
import org.openapitools.client.model.CommentPage;
import org.openapitools.client.model.FollowsPage;
import org.openapitools.client.model.LikesPage;

/** Decodes a page of each union, and prints the class of each item. */
class Decode {
  public static void main(String[] folders) throws Exception {
    new JSON();
    Path folder = Path.of(folders[0]);
    print(CommentPage.fromJson(Files.readString(folder.resolve("CommentPage.json"))).getItems());
    print(LikesPage.fromJson(Files.readString(folder.resolve("LikesPage.json"))).getItems());
    print(FollowsPage.fromJson(Files.readString(folder.resolve("FollowsPage.json"))).getItems());
  }

  private static void print(List<? extends AbstractOpenApiSchema> items) {
    for (AbstractOpenApiSchema item : items) {
      System.out.println(item.getActualInstance().getClass().getSimpleName());
    }
  }
}
