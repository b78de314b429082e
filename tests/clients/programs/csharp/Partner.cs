using System;
using System.Collections.Generic;
using System.Linq;
using GatewayClient.Api;
using GatewayClient.Client;
using GatewayClient.Model;
using Newtonsoft.Json;

/// <summary>The client of openapi-generator for C#: every answer as the types that it made.</summary>
public static class Partner
{
    private static readonly ActionsApi Api = new ActionsApi(new Configuration
    {
        BasePath = Environment.GetEnvironmentVariable("GATEWAY"),
        AccessToken = Environment.GetEnvironmentVariable("TOKEN"),
    });

    private static ApiResponse<ActionBatchAnswer> Update(bool dryRun, params string[] ids)
    {
        var items = ids.Select(id => new ActionUpdate(
            actionId: new ActionId(id), status: ActionStatus.Done, dueDate: "2024-01-10 06:51:15"));
        return Api.UpdateActionsWithHttpInfo(new ActionBatch(data: items.ToList()), dryRun: dryRun);
    }

    private static object Refused(params string[] ids)
    {
        try
        {
            Update(false, ids);
        }
        catch (ApiException refusal)
        {
            var problem = JsonConvert.DeserializeObject<Problem>((string)refusal.ErrorContent);
            // Of an item that was not run, Outcome is null, and Retryable means nothing.
            var errors = (problem.Errors ?? new List<ProblemError>()).Select(e => new object[]
            {
                e.Index, e.ActionId, e.Code, e.Field, e.Outcome, e.Outcome == null ? null : (object)e.Retryable,
            });
            return new { code = refusal.ErrorCode, type = problem.Type.Split('/').Last(), errors };
        }
        throw new InvalidOperationException("not refused");
    }

    public static void Main()
    {
        var one = Update(false, "19000");
        var some = Update(false, "19000", "90404");
        var dry = Update(true, "19000", "19001");
        var action = one.Data.Data[0];
        var failed = some.Data.Errors.Select(e => new object[] { e.Index, e.ActionId, e.Code, e.Outcome, e.Retryable });
        Console.WriteLine(JsonConvert.SerializeObject(new
        {
            updated = new object[] { (int)one.StatusCode, action.ActionId, action.Status, action.DueDate },
            partly = new object[] { (int)some.StatusCode, some.Data.Data.Select(a => a.ActionId), failed },
            dry_run = new object[] { (int)dry.StatusCode, dry.Data.Data.Count, dry.Data.Validated },
            invalid = Refused("19000", "19000"),
            missing = Refused("90404"),
            limited = Refused(Enumerable.Range(19000, 10).Select(id => id.ToString()).ToArray()),
        }));
    }
}
