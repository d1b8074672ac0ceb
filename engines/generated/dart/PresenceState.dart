// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
// ignore_for_file: non_constant_identifier_names, constant_identifier_names

import 'package:colyseus/colyseus.dart';
import 'PresenceUser.dart';

final class PresenceState extends SchemaRef {
  PresenceState(super.handle);

  PresenceUser? get me => refOf('me', PresenceUser.new);
  MapSchema<PresenceUser> get users => mapOf('users', PresenceUser.new);
}
