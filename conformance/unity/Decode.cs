using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using Colyseus;
using ColyseusPresence;
using GameDevWare.Serialization;

/// <summary>
/// Reads the story with the decoders of the Unity SDK and the generated classes.
/// The argument is the story; what it prints is in conformance/README.md.
/// </summary>
public static class Decode
{
    static readonly Regex Line = new Regex("^{\"line\":\"(\\w+)\"(?:,\"bytes\":\"([0-9a-f]*)\")?");
    static SchemaSerializer<PresenceState> serializer;
    static byte[] reflection;

    public static void Main(string[] args)
    {
        foreach (var line in File.ReadLines(args[0]))
        {
            var match = Line.Match(line);
            if (!match.Success)
            {
                continue;
            }
            string result;
            try
            {
                result = Read(match.Groups[1].Value, Bytes(match.Groups[2].Value));
            }
            catch (Exception e)
            {
                result = "{\"error\":" + Plain(e.Message) + "}";
            }
            if (result != null)
            {
                Console.WriteLine(result);
            }
        }
    }

    static string Read(string kind, byte[] bytes)
    {
        switch (kind)
        {
            case "join":
                reflection = bytes;
                Begin();
                return null;
            case "return":
                // The SDK makes a new serializer when it has its seat again.
                Begin();
                return null;
            case "state":
                serializer.SetState(bytes, 0);
                return Tree(serializer.GetState());
            case "patch":
                serializer.Patch(bytes, 0);
                return Tree(serializer.GetState());
            case "message":
                var payload = MsgPack.Deserialize<object>(new MemoryStream(bytes));
                return "{\"payload\":" + Plain(payload) + "}";
            default:
                return null;
        }
    }

    static void Begin()
    {
        serializer = new SchemaSerializer<PresenceState>();
        serializer.Handshake(reflection, 0);
    }

    static string Tree(PresenceState state)
    {
        var users = new Dictionary<string, object>();
        state.users.ForEach((string id, PresenceUser user) => users[id] = User(user));
        return "{\"tree\":" + Plain(new Dictionary<string, object> { ["me"] = User(state.me), ["users"] = users }) + "}";
    }

    static object User(PresenceUser user)
    {
        if (user == null)
        {
            return null;
        }
        var connections = new Dictionary<string, object>();
        user.connections.ForEach((string id, PresenceConnection c) =>
            connections[id] = new Dictionary<string, object>
            {
                ["connectionId"] = c.connectionId, ["status"] = c.status, ["matchId"] = c.matchId, ["match"] = c.match,
            });
        return new Dictionary<string, object>
        {
            ["userId"] = user.userId, ["username"] = user.username, ["general"] = user.general, ["connections"] = connections,
        };
    }

    static byte[] Bytes(string hex)
    {
        var bytes = new byte[hex.Length / 2];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = Convert.ToByte(hex.Substring(2 * i, 2), 16);
        }
        return bytes;
    }

    /// <summary>The value as JSON.</summary>
    static string Plain(object value)
    {
        var text = new StringBuilder();
        Write(value, text);
        return text.ToString();
    }

    static void Write(object value, StringBuilder into)
    {
        var between = "";
        if (value == null)
        {
            into.Append("null");
        }
        else if (value is string)
        {
            into.Append('"');
            foreach (var c in (string)value)
            {
                into.Append(c < ' ' || c > '~' || c == '"' || c == '\\' ? "\\u" + ((int)c).ToString("x4") : c.ToString());
            }
            into.Append('"');
        }
        else if (value is bool)
        {
            into.Append((bool)value ? "true" : "false");
        }
        else if (value is IDictionary)
        {
            into.Append('{');
            foreach (DictionaryEntry entry in (IDictionary)value)
            {
                into.Append(between);
                Write(entry.Key.ToString(), into);
                into.Append(':');
                Write(entry.Value, into);
                between = ",";
            }
            into.Append('}');
        }
        else if (value is IEnumerable)
        {
            into.Append('[');
            foreach (var item in (IEnumerable)value)
            {
                into.Append(between);
                Write(item, into);
                between = ",";
            }
            into.Append(']');
        }
        else
        {
            into.Append(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
