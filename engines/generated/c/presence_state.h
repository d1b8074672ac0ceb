// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
#ifndef __SCHEMA_CODEGEN_PRESENCESTATE_H__
#define __SCHEMA_CODEGEN_PRESENCESTATE_H__ 1

#include "colyseus/schema/types.h"
#include "colyseus/schema/collections.h"
#include <stdlib.h>
#include <stddef.h>
#include <stdbool.h>

#include "presence_user.h"

typedef struct {
    colyseus_schema_t __base;
    presence_user_t* me;
    colyseus_map_schema_t* users;
} presence_state_t;

static const colyseus_field_t presence_state_fields[] = {
    {0, "me", COLYSEUS_FIELD_REF, "ref", offsetof(presence_state_t, me), &presence_user_vtable, NULL, NULL},
    {1, "users", COLYSEUS_FIELD_MAP, "map", offsetof(presence_state_t, users), &presence_user_vtable, NULL, NULL}
};

static presence_state_t* presence_state_create(void) {
    presence_state_t* instance = calloc(1, sizeof(presence_state_t));
    return instance;
}

static void presence_state_destroy(colyseus_schema_t* schema) {
    presence_state_t* instance = (presence_state_t*)schema;
    if (instance->me) presence_user_destroy((colyseus_schema_t*)instance->me);
    free(instance);
}

static const colyseus_schema_vtable_t presence_state_vtable = {
    "PresenceState",
    sizeof(presence_state_t),
    (colyseus_schema_t* (*)(void))presence_state_create,
    presence_state_destroy,
    presence_state_fields,
    2
};

#endif
