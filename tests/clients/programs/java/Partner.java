import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.api.ActionsApi;
import org.openapitools.client.model.Action;
import org.openapitools.client.model.ActionBatch;
import org.openapitools.client.model.ActionBatchAnswer;
import org.openapitools.client.model.ActionId;
import org.openapitools.client.model.ActionStatus;
import org.openapitools.client.model.ActionUpdate;
import org.openapitools.client.model.ItemOutcome;
import org.openapitools.client.model.Problem;

/** The client of openapi-generator for Java: every answer as the types that it made. */
public final class Partner {
  private static final ActionsApi API = new ActionsApi(client());

  private static ApiClient client() {
    ApiClient client = new ApiClient();
    client.setBasePath(System.getenv("GATEWAY"));
    client.setBearerToken(System.getenv("TOKEN"));
    return client;
  }

  private static ApiResponse<ActionBatchAnswer> update(boolean dryRun, List<String> ids) throws ApiException {
    ActionBatch batch = new ActionBatch();
    for (String id : ids) {
      batch.addDataItem(
          new ActionUpdate().actionId(new ActionId(id)).status(ActionStatus.DONE).dueDate("2024-01-10 06:51:15"));
    }
    return API.updateActionsWithHttpInfo(batch, dryRun, null, null, null);
  }

  private static Map<String, Object> refused(List<String> ids) throws Exception {
    try {
      update(false, ids);
    } catch (ApiException error) {
      Problem problem = Problem.fromJson(error.getResponseBody());
      List<Object> errors = new ArrayList<>();
      if (problem.getErrors() != null) {
        problem.getErrors().forEach(e -> {
          ItemOutcome outcome = e.getOutcome();
          errors.add(Arrays.asList(
              e.getIndex(), e.getActionId(), e.getCode(), e.getField(),
              outcome == null ? null : outcome.getValue(), e.getRetryable()));
        });
      }
      Map<String, Object> shown = new LinkedHashMap<>();
      shown.put("code", error.getCode());
      shown.put("type", problem.getType().substring(problem.getType().lastIndexOf('/') + 1));
      shown.put("errors", errors);
      return shown;
    }
    throw new IllegalStateException("not refused");
  }

  public static void main(String[] arguments) throws Exception {
    ApiResponse<ActionBatchAnswer> one = update(false, List.of("19000"));
    ApiResponse<ActionBatchAnswer> some = update(false, List.of("19000", "90404"));
    ApiResponse<ActionBatchAnswer> dry = update(true, List.of("19000", "19001"));
    Action action = one.getData().getData().get(0);
    List<Object> ids = some.getData().getData().stream().map(Action::getActionId).collect(Collectors.toList());
    List<Object> failed = some.getData().getErrors().stream()
        .map(e -> Arrays.asList(
            e.getIndex(), e.getActionId(), e.getCode(), e.getOutcome().getValue(), e.getRetryable()))
        .collect(Collectors.toList());
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("updated", Arrays.asList(
        one.getStatusCode(), action.getActionId(), action.getStatus().getValue(), action.getDueDate()));
    shown.put("partly", Arrays.asList(some.getStatusCode(), ids, failed));
    shown.put("dry_run", Arrays.asList(dry.getStatusCode(), dry.getData().getData().size(), dry.getData().getValidated()));
    shown.put("invalid", refused(List.of("19000", "19000")));
    shown.put("missing", refused(List.of("90404")));
    shown.put("limited", refused(
        IntStream.range(19000, 19010).mapToObj(String::valueOf).collect(Collectors.toList())));
    System.out.println(new GsonBuilder().serializeNulls().create().toJson(shown));
    // OkHttp's threads would keep the program for a minute.
    System.exit(0);
  }
}
