import haxe.io.Bytes;
import io.colyseus.serializer.schema.Decoder;
import org.msgpack.MsgPack;

/**
 * Reads the story with the decoders of the Haxe SDK and the generated classes.
 * The argument is the story; what it prints is in conformance/README.md.
 */
class Decode {
	static var decoder:Decoder<PresenceState>;

	static function main() {
		for (line in sys.io.File.getContent(Sys.args()[0]).split("\n")) {
			final kind = ~/^\{"line":"(\w+)"/;
			if (kind.match(line)) {
				final hex = ~/^\{"line":"\w+","bytes":"([0-9a-f]*)"/;
				final bytes = hex.match(line) ? Bytes.ofHex(hex.matched(1)) : null;
				try {
					final result = read(kind.matched(1), bytes);
					if (result != null) {
						Sys.println(haxe.Json.stringify(result));
					}
				} catch (error:haxe.Exception) {
					Sys.println(haxe.Json.stringify({error: error.message}));
				}
			}
		}
	}

	static function read(kind:String, bytes:Null<Bytes>):Dynamic {
		switch (kind) {
			case "join":
				decoder = new Decoder(new PresenceState());
			case "state" | "patch":
				// The SDK reconnects by itself and keeps the decoder it had.
				decoder.decode(bytes);
				return {tree: tree(decoder.state)};
			case "message":
				return {payload: MsgPack.decode(bytes)};
			default:
		}
		return null;
	}

	static function user(u:PresenceUser):Dynamic {
		if (u == null) {
			return null;
		}
		final connections = {};
		for (id => c in u.connections) {
			Reflect.setField(connections, id, {connectionId: c.connectionId, status: c.status, matchId: c.matchId, match: c.match});
		}
		return {userId: u.userId, username: u.username, general: u.general, connections: connections};
	}

	static function tree(state:PresenceState):Dynamic {
		final users = {};
		for (id => u in state.users) {
			Reflect.setField(users, id, user(u));
		}
		return {me: user(state.me), users: users};
	}
}
