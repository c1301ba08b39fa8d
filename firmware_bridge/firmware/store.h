/* A record in 1 KiB of EEPROM: sixteen places in turn, so that each cell is written once in sixteen times; the newest
 * whole one counts, so that a power cut in the middle of writing loses nothing but that writing. */
#ifndef STORE_H
#define STORE_H

#include "hold.h"

#define PLACES 16u
#define PLACE_BYTES 64u
#define RECORD_BYTES 33u

/* Reads one byte of the EEPROM. */
typedef uint8_t (*store_reader)(uint16_t address);

struct store {
    uint16_t generation; /* of the newest whole record */
    uint8_t place;       /* where it is */
};

/* True when a whole record was found; else `record` is left alone. */
bool store_load(struct store *store, store_reader read, struct record *record);

/* The bytes of the next record, and the address of the first; it counts once all are written. */
uint16_t store_next(struct store *store, const struct record *record, uint8_t bytes[RECORD_BYTES]);

#endif
