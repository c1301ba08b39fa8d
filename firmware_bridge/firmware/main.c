/* The board itself: an ATmega328P at 16 MHz (an Arduino Nano), and what hangs on its pins. docs/board.md has the wiring.
 *
 * PB0 relay, high is closed     PD2 emergency stop     PD3 mirror contact     PD4 busy     PD5 door
 * PD6 drives an RS-485 line     ADC0 current clamp     USART0 Modbus RTU, 115200 8N1
 *
 * The main loop is fed by two things: the millisecond, and a frame followed by silence. The watchdog is fed once a
 * millisecond, so that a loop that hangs and a clock that stops are the same case.
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/atomic.h>

#include "current.h"
#include "hold.h"
#include "modbus.h"
#include "store.h"

#define RELAY _BV(PB0)
#define ESTOP _BV(PD2)
#define MIRROR _BV(PD3)
#define BUSY _BV(PD4)
#define DOOR _BV(PD5)
#define DRIVE _BV(PD6)
#define BAUD_DIVISOR 16u      /* 115200 at 16 MHz, doubled: 2.1 % too fast */
#define SILENCE_TICKS 438u    /* 1.75 ms of 4 us: the end of a frame at this speed */
#define MILLISECOND_TICKS 249u

static uint8_t reset_cause __attribute__((section(".noinit")));

static volatile uint32_t milliseconds;

static volatile uint8_t frame[LONGEST_FRAME];
static volatile uint8_t frame_length; /* more than LONGEST_FRAME: too long */
static volatile bool frame_ended;

static uint8_t answer[LONGEST_FRAME];
static volatile uint8_t answer_length, answer_sent;

static struct board board;
static struct store store;
static struct current current;
static uint8_t saving[RECORD_BYTES];
static uint16_t saving_at;
static uint8_t saved = RECORD_BYTES;

/* Before anything else runs: the relay open, and the watchdog on, whoever left it in whatever state. */
void at_reset(void) __attribute__((naked, used, section(".init3")));
void at_reset(void)
{
    PORTB = 0;
    DDRB = RELAY;
    reset_cause = MCUSR;
    MCUSR = 0;
    wdt_enable(WDTO_250MS);
}

ISR(TIMER0_COMPA_vect)
{
    ++milliseconds;
}

ISR(USART_RX_vect)
{
    uint8_t byte = UDR0;
    OCR1A = TCNT1 + SILENCE_TICKS;
    TIFR1 = _BV(OCF1A);
    TIMSK1 = _BV(OCIE1A);
    if (frame_ended) /* nobody may talk before the answer */
        return;
    if (frame_length < LONGEST_FRAME)
        frame[frame_length] = byte;
    if (frame_length <= LONGEST_FRAME)
        ++frame_length;
}

ISR(TIMER1_COMPA_vect)
{
    TIMSK1 = 0;
    frame_ended = frame_length != 0;
}

ISR(USART_UDRE_vect)
{
    UDR0 = answer[answer_sent++];
    if (answer_sent == answer_length)
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
}

ISR(USART_TX_vect)
{
    if (answer_sent == answer_length)
        PORTD &= (uint8_t)~DRIVE;
}

static void start_parts(void)
{
    PORTD = ESTOP | MIRROR | BUSY | DOOR;
    DDRD = DRIVE;
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = MILLISECOND_TICKS;
    TIMSK0 = _BV(OCIE0A);
    TCCR1B = _BV(CS11) | _BV(CS10);
    UCSR0A = _BV(U2X0);
    UBRR0 = BAUD_DIVISOR;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0) | _BV(TXCIE0);
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
}

/* Pulled up, and wired so that a broken wire reads as the worse case; `busy` alone is told by a closed contact. */
static struct wires wires(void)
{
    uint8_t pins = PIND;
    return (struct wires){
        .contact = pins & MIRROR,
        .estop = pins & ESTOP,
        .busy = !(pins & BUSY),
        .door = pins & DOOR,
    };
}

static void drive_relay(void)
{
    if (board_closed(&board))
        PORTB |= RELAY;
    else
        PORTB &= (uint8_t)~RELAY;
}

static uint8_t stored(uint16_t address)
{
    return eeprom_read_byte((const uint8_t *)address);
}

static void load(void)
{
    struct record record = record_of_a_new_board();
    struct wires now = wires();
    store_load(&store, stored, &record);
    board_start(&board, &record, reset_cause, &now);
}

/* One byte at a time, and none while the last is still being written: nothing here waits. */
static void save_a_little(void)
{
    if (!eeprom_is_ready())
        return;
    if (saved < RECORD_BYTES) {
        eeprom_write_byte((uint8_t *)(saving_at + saved), saving[saved]);
        ++saved;
    } else if (board.unsaved) {
        board.unsaved = false;
        saving_at = store_next(&store, &board.kept, saving);
        saved = 0;
    }
}

static void measure(void)
{
    uint16_t milliamperes;
    if (ADCSRA & _BV(ADSC))
        return;
    if (current_sample(&current, ADC, board.kept.clamp_ma, &milliamperes))
        board_measured(&board, milliamperes, WINDOW_SAMPLES);
    ADCSRA |= _BV(ADSC);
}

static void pass_millisecond(uint32_t now)
{
    struct wires seen = wires();
    board_tick(&board, now, &seen);
    drive_relay();
    measure();
    save_a_little();
    wdt_reset();
}

static void take_frame(void)
{
    uint8_t copy[LONGEST_FRAME], length = frame_length;
    for (uint8_t i = 0; i < length && i < LONGEST_FRAME; ++i)
        copy[i] = frame[i];
    answer_sent = 0;
    answer_length = modbus_answer(&board, copy, length, answer);
    drive_relay();
    frame_length = 0;
    frame_ended = false;
    if (answer_length == 0)
        return;
    PORTD |= DRIVE;
    UCSR0B |= _BV(UDRIE0);
}

static uint32_t now_ms(void)
{
    uint32_t now;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        now = milliseconds;
    }
    return now;
}

int main(void)
{
    uint32_t passed = 0;
    start_parts();
    load();
    sei();
    for (;;) {
        sleep_mode();
        uint32_t now = now_ms();
        if (now != passed) {
            passed = now;
            pass_millisecond(now);
        }
        if (frame_ended)
            take_frame();
    }
}
