#include "store.h"

#include "modbus.h"

static uint8_t *put(uint8_t *at, uint32_t value, uint8_t bytes)
{
    while (bytes--) {
        *at++ = (uint8_t)value;
        value >>= 8;
    }
    return at;
}

static uint32_t take(const uint8_t **at, uint8_t bytes)
{
    uint32_t value = 0;
    for (uint8_t i = 0; i < bytes; ++i)
        value |= (uint32_t)*(*at)++ << (8 * i);
    return value;
}

static void encode(const struct record *record, uint16_t generation, uint8_t bytes[RECORD_BYTES])
{
    uint8_t *at = put(bytes, generation, 2);
    at = put(at, record->energy_wh, 4);
    at = put(at, record->closings, 4);
    at = put(at, record->closed_s, 4);
    at = put(at, record->starts, 2);
    at = put(at, record->hangs, 2);
    at = put(at, record->silences, 2);
    at = put(at, record->welds, 2);
    at = put(at, record->off_ma, 2);
    at = put(at, record->cap_s, 2);
    at = put(at, record->clamp_ma, 2);
    at = put(at, record->mirror, 1);
    at = put(at, record->welded, 1);
    at = put(at, record->starts_a_minute, 1);
    put(at, modbus_crc(bytes, RECORD_BYTES - 2), 2);
}

static uint16_t decode(const uint8_t bytes[RECORD_BYTES], struct record *record)
{
    const uint8_t *at = bytes;
    uint16_t generation = (uint16_t)take(&at, 2);
    record->energy_wh = take(&at, 4);
    record->closings = take(&at, 4);
    record->closed_s = take(&at, 4);
    record->starts = (uint16_t)take(&at, 2);
    record->hangs = (uint16_t)take(&at, 2);
    record->silences = (uint16_t)take(&at, 2);
    record->welds = (uint16_t)take(&at, 2);
    record->off_ma = (uint16_t)take(&at, 2);
    record->cap_s = (uint16_t)take(&at, 2);
    record->clamp_ma = (uint16_t)take(&at, 2);
    record->mirror = (uint8_t)take(&at, 1);
    record->welded = (uint8_t)take(&at, 1);
    record->starts_a_minute = (uint8_t)take(&at, 1);
    return generation;
}

bool store_load(struct store *store, store_reader read, struct record *record)
{
    uint8_t bytes[RECORD_BYTES];
    struct record candidate;
    bool found = false;
    for (uint8_t place = 0; place < PLACES; ++place) {
        for (uint8_t i = 0; i < RECORD_BYTES; ++i)
            bytes[i] = read((uint16_t)(place * PLACE_BYTES + i));
        if (modbus_crc(bytes, RECORD_BYTES) != 0)
            continue;
        uint16_t generation = decode(bytes, &candidate);
        if (found && (int16_t)(generation - store->generation) <= 0)
            continue;
        *store = (struct store){generation, place};
        *record = candidate;
        found = true;
    }
    return found;
}

uint16_t store_next(struct store *store, const struct record *record, uint8_t bytes[RECORD_BYTES])
{
    store->generation++;
    store->place = (uint8_t)((store->place + 1) % PLACES);
    encode(record, store->generation, bytes);
    return (uint16_t)(store->place * PLACE_BYTES);
}
