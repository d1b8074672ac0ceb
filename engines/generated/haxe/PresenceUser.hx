// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 


import io.colyseus.serializer.schema.Schema;
import io.colyseus.serializer.schema.types.*;

class PresenceUser extends Schema {
	@:type("string")
	public var userId: String = "";

	@:type("string")
	public var username: String = "";

	@:type("string")
	public var general: String = "";

	@:type("map", PresenceConnection)
	public var connections: MapSchema<PresenceConnection> = new MapSchema<PresenceConnection>();

}
