using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Colyseus;
using ColyseusPresence;

/// <summary>
/// Plays the flows of engines/unity against a real server. The argument is its URL; prints one line for each flow that was right.
/// </summary>
public static class Live
{
    /// <summary>Stands for Unity's main thread.</summary>
    class MainThread : SynchronizationContext
    {
        readonly ConcurrentQueue<KeyValuePair<SendOrPostCallback, object>> queue = new ConcurrentQueue<KeyValuePair<SendOrPostCallback, object>>();

        public override void Post(SendOrPostCallback run, object state)
        {
            queue.Enqueue(new KeyValuePair<SendOrPostCallback, object>(run, state));
        }

        public void RunUntil(Task task)
        {
            while (!task.IsCompleted)
            {
                KeyValuePair<SendOrPostCallback, object> next;
                for (var left = queue.Count; left > 0 && queue.TryDequeue(out next); left--)
                {
                    next.Key(next.Value);
                }
                Thread.Sleep(1);
            }
            task.GetAwaiter().GetResult();
        }
    }

    static string url;
    static PresenceClient ann, bob;
    static Client annClient, bobClient;

    public static void Main(string[] args)
    {
        url = args[0].Replace("http://", "ws://");
        var main = new MainThread();
        SynchronizationContext.SetSynchronizationContext(main);
        MainThreadUtil.Setup();
        try
        {
            main.RunUntil(Play());
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            Environment.Exit(1);
        }
        Environment.Exit(0);
    }

    static async Task Play()
    {
        bobClient = ClientOf("bob");
        annClient = ClientOf("ann");
        bob = await PresenceClient.Join(bobClient, "presence", new Dictionary<string, object> { ["status"] = "here" });
        ann = await PresenceClient.Join(annClient, "presence", new Dictionary<string, object> { ["status"] = "" });
        await Wait(() => ann.GeneralOf("ann") == "online", "the own presence");
        Right("joins with a status");

        await ann.Follow("bob", "zoe");
        await Sees("here", "online");
        Check(ann.GeneralOf("zoe") == "unlogined");
        Right("follows, and sees who is online");

        await bob.SetStatus("changed 🎮");
        await Sees("changed 🎮", "online");
        Right("hears a change");

        await bob.SetStatus(null);
        await Sees("", "offline");
        await bob.SetStatus("back");
        await Sees("back", "online");
        Right("appears offline");

        await Wait(() =>
        {
            var user = ann.Room.State.users["bob"];
            var shown = new List<string>();
            user.connections.ForEach((string id, PresenceConnection connection) => shown.Add(connection.status));
            return user.general == "online" && string.Join(",", shown) == "back";
        }, "the state");
        Right("has the same in the state");

        var match = await bobClient.Create<PresenceState>("match");
        await bob.SetStatus("{\"matchId\":\"" + match.RoomId + "\"}");
        await Wait(() => ann.PresencesOf("bob").Any(presence => presence.matchId == match.RoomId), "the match id");
        var joined = await ann.JoinFriend<PresenceState>("bob");
        Check(joined.RoomId == match.RoomId);
        Right("joins a friend");

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => ann.Follow("user-" + i)));
        Right("waits out rate_limited");

        await ann.Unfollow("bob");
        await bob.SetStatus("unheard");
        await ann.SetStatus("last");
        Check(!ann.PresencesOf("bob").Any());
        Right("unfollows");
    }

    static Client ClientOf(string token)
    {
        var client = new Client(url);
        client.Http.AuthToken = token;
        return client;
    }

    static Task Sees(string status, string general)
    {
        return Wait(
            () => string.Join(",", ann.PresencesOf("bob").Select(presence => presence.status)) == status && ann.GeneralOf("bob") == general,
            "ann to see \"" + status + "\"");
    }

    static async Task Wait(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (!condition())
        {
            if (DateTime.UtcNow > deadline)
            {
                throw new Exception("timed out waiting for " + what);
            }
            await Task.Delay(5);
        }
    }

    static void Check(bool right)
    {
        if (!right)
        {
            throw new Exception("that is wrong");
        }
    }

    static void Right(string flow)
    {
        Console.WriteLine("flow: " + flow);
    }
}
