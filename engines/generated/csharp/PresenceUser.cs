// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 

namespace ColyseusPresence {
	public partial class PresenceUser : global::Colyseus.Schema.Schema {
#if UNITY_5_3_OR_NEWER
		[global::UnityEngine.Scripting.Preserve]
#endif
		public PresenceUser() { }

		[global::Colyseus.Schema.Type(0, "string")]
		public string userId = default(string);

		[global::Colyseus.Schema.Type(1, "string")]
		public string username = default(string);

		[global::Colyseus.Schema.Type(2, "string")]
		public string general = default(string);

		[global::Colyseus.Schema.Type(3, "map", typeof(global::Colyseus.Schema.MapSchema<PresenceConnection>))]
		public global::Colyseus.Schema.MapSchema<PresenceConnection> connections = new global::Colyseus.Schema.MapSchema<PresenceConnection>();
	}
}
