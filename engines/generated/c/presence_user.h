// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
#ifndef __SCHEMA_CODEGEN_PRESENCEUSER_H__
#define __SCHEMA_CODEGEN_PRESENCEUSER_H__ 1

#include "colyseus/schema/types.h"
#include "colyseus/schema/collections.h"
#include <stdlib.h>
#include <stddef.h>
#include <stdbool.h>

#include "presence_connection.h"

typedef struct {
    colyseus_schema_t __base;
    char* userId;
    char* username;
    char* general;
    colyseus_map_schema_t* connections;
} presence_user_t;

static const colyseus_field_t presence_user_fields[] = {
    {0, "userId", COLYSEUS_FIELD_STRING, "string", offsetof(presence_user_t, userId), NULL, NULL, NULL},
    {1, "username", COLYSEUS_FIELD_STRING, "string", offsetof(presence_user_t, username), NULL, NULL, NULL},
    {2, "general", COLYSEUS_FIELD_STRING, "string", offsetof(presence_user_t, general), NULL, NULL, NULL},
    {3, "connections", COLYSEUS_FIELD_MAP, "map", offsetof(presence_user_t, connections), &presence_connection_vtable, NULL, NULL}
};

static presence_user_t* presence_user_create(void) {
    presence_user_t* instance = calloc(1, sizeof(presence_user_t));
    return instance;
}

static void presence_user_destroy(colyseus_schema_t* schema) {
    presence_user_t* instance = (presence_user_t*)schema;
    if (instance->userId) free(instance->userId);
    if (instance->username) free(instance->username);
    if (instance->general) free(instance->general);
    free(instance);
}

static const colyseus_schema_vtable_t presence_user_vtable = {
    "PresenceUser",
    sizeof(presence_user_t),
    (colyseus_schema_t* (*)(void))presence_user_create,
    presence_user_destroy,
    presence_user_fields,
    4
};

#endif
