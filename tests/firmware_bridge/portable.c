/* The portable part of the firmware with one board in it, for tests that talk to it from Python. */
#include <string.h>

#include "current.h"
#include "modbus.h"
#include "store.h"

#define EEPROM_BYTES (PLACES * PLACE_BYTES)

static struct board board;
static struct wires wires;
static uint8_t eeprom[EEPROM_BYTES];
static struct store store;
static uint32_t room;

static uint8_t read_eeprom(uint16_t address)
{
    return eeprom[address];
}

/* A new board, all at rest. */
void portable_start(void)
{
    struct record fresh = record_of_a_new_board();
    wires = (struct wires){0};
    board_start(&board, &fresh, 1, &wires);
}

void portable_wires(int contact, int estop, int busy, int door)
{
    wires = (struct wires){contact, estop, busy, door};
}

void portable_pass(uint32_t ms)
{
    while (ms--)
        board_tick(&board, board.now + 1, &wires);
}

int portable_say(const uint8_t *frame, int length, uint8_t *answer)
{
    return modbus_answer(&board, frame, (uint8_t)length, answer);
}

/* The milliamperes of a window of samples. */
int portable_current(const uint16_t *samples, uint16_t clamp_ma)
{
    struct current current = {0};
    uint16_t milliamperes = 0;
    for (uint16_t i = 0; i < WINDOW_SAMPLES; ++i)
        current_sample(&current, samples[i], clamp_ma, &milliamperes);
    return milliamperes;
}

void portable_erase(void)
{
    memset(eeprom, 0xFF, sizeof eeprom);
    store = (struct store){0};
    room = UINT32_MAX;
}

/* From now on the supply lasts for so many bytes. */
void portable_supply(uint32_t bytes)
{
    room = bytes;
}

/* Write a record that counts `closings`; the address of its first byte. */
int portable_save(uint32_t closings)
{
    struct record record = record_of_a_new_board();
    uint8_t bytes[RECORD_BYTES];
    record.closings = closings;
    uint16_t address = store_next(&store, &record, bytes);
    for (uint16_t i = 0; i < RECORD_BYTES && room > 0; ++i, --room)
        eeprom[address + i] = bytes[i];
    return address;
}

/* What a board that starts now finds: its closings, or -1. */
int portable_load(void)
{
    struct record record;
    store = (struct store){0};
    room = UINT32_MAX;
    return store_load(&store, read_eeprom, &record) ? (int)record.closings : -1;
}
