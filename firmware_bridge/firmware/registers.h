/* Made by: python -m firmware_bridge.registers */
#ifndef REGISTERS_H
#define REGISTERS_H

#define ADDRESS 1u
#define IDENTITY 19539u
#define VERSION 257u
#define HOLD_MS 500u
#define CLEAR_WORD 49642u
#define CONTACT_MS 300u
#define CURRENT_MS 2000u
#define CAP_S 14400u
#define CLAMP_MA 30000u
#define MAINS_V 230u
#define STARTS 6u
#define MOST_STARTS 12u
#define MINUTE_MS 60000u
#define HOLDING_COUNT 8u
#define INPUT_COUNT 27u

enum state {
    STATE_OPEN = 0,
    STATE_CLOSED = 1,
    STATE_DROPPED = 2,
    STATE_ESTOP = 3,
    STATE_WELDED = 4,
};

enum reason {
    REASON_START = 0,
    REASON_OFF = 1,
    REASON_SILENCE = 2,
    REASON_ESTOP = 3,
    REASON_NO_CONTACT = 4,
    REASON_CAP = 5,
    REASON_ARMED = 6,
};

enum refusal {
    REFUSAL_FUNCTION = 1,
    REFUSAL_ADDRESS = 2,
    REFUSAL_VALUE = 3,
    REFUSAL_UNSAFE = 4,
    REFUSAL_NOT_ARMED = 6,
};

enum holding_register {
    HOLDING_HOLD_MS = 0,
    HOLDING_SEQUENCE = 1,
    HOLDING_CLEAR = 2,
    HOLDING_MIRROR = 3,
    HOLDING_OFF_MA = 4,
    HOLDING_CAP_S = 5,
    HOLDING_CLAMP_MA = 6,
    HOLDING_STARTS_A_MINUTE = 7,
};

enum input_register {
    INPUT_IDENTITY = 0,
    INPUT_VERSION = 1,
    INPUT_STATE = 2,
    INPUT_REASON = 3,
    INPUT_SEQUENCE = 4,
    INPUT_HOLD_LEFT_MS = 5,
    INPUT_CONTACT = 6,
    INPUT_ESTOP = 7,
    INPUT_BUSY = 8,
    INPUT_DOOR = 9,
    INPUT_CURRENT_MA = 10,
    INPUT_ENERGY_WH = 11,
    INPUT_RESET_CAUSE = 13,
    INPUT_UPTIME_S = 14,
    INPUT_SINCE_MS = 16,
    INPUT_CLOSINGS = 18,
    INPUT_CLOSED_S = 20,
    INPUT_STARTS = 22,
    INPUT_HANGS = 23,
    INPUT_SILENCES = 24,
    INPUT_WELDS = 25,
    INPUT_BAD_FRAMES = 26,
};

#endif
