// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 


import io.colyseus.serializer.schema.Schema;
import io.colyseus.serializer.schema.types.*;

class PresenceState extends Schema {
	@:type("ref", PresenceUser)
	public var me: PresenceUser = new PresenceUser();

	@:type("map", PresenceUser)
	public var users: MapSchema<PresenceUser> = new MapSchema<PresenceUser>();

}
