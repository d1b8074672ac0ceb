// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 


import io.colyseus.serializer.schema.Schema;
import io.colyseus.serializer.schema.types.*;

class PresenceConnection extends Schema {
	@:type("string")
	public var connectionId: String = "";

	@:type("string")
	public var status: String = "";

	@:type("string")
	public var matchId: String = "";

	@:type("string")
	public var match: String = "";

}
