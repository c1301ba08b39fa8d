/* The board's ELF, unmodified, in libsimavr, in lock-step: time passes only when the test says so.
 *
 * One board at a time: starting one ends the one before.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#define FREQUENCY 16000000u
#define PORTB_AT 0x25
#define DDRB_AT 0x24
#define PIND_AT 0x29
#define MCUSR_AT 0x54
#define ROOM 65536u
#define FOREVER 0xCFFF /* rjmp to itself */

struct edge {
    uint64_t cycle;
    uint32_t level;
};

static avr_t *avr;
static avr_irq_t *uart_in, *adc;
static bool relay, line_free;
static uint8_t to_send[ROOM], heard[ROOM];
static uint32_t send_from, send_to, heard_from, heard_to;
static struct edge edges[ROOM];
static uint32_t edge_count;
static avr_flashaddr_t frozen_at;
static uint8_t frozen_code[2];
static bool frozen;
static avr_ioport_external_t external = {.name = 'D'};

static void on_byte(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    heard[heard_to++ % ROOM] = (uint8_t)value;
}

static void on_free(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    line_free = true;
}

static void on_full(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    line_free = false;
}

static void no_sleep(avr_t *chip, avr_cycle_count_t cycles)
{
    (void)chip, (void)cycles;
}

static void look_at_relay(void)
{
    bool now = avr->data[PORTB_AT] & avr->data[DDRB_AT] & 1;
    if (now == relay)
        return;
    relay = now;
    edges[edge_count++ % ROOM] = (struct edge){avr->cycle, now};
}

static void on_relay(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    look_at_relay();
}

/* Else simavr looks in every cycle whether a low pin is an interrupt; a reset brings that back. */
static void be_quick(void)
{
    for (uint8_t number = 0; number < 2; ++number)
        avr_extint_set_strict_lvl_trig(avr, number, 0);
}

int board_start(const char *elf)
{
    elf_firmware_t firmware;
    if (avr != NULL)
        avr_terminate(avr);
    relay = frozen = false;
    send_from = send_to = heard_from = heard_to = edge_count = 0;
    uint32_t flags = 0;
    memset(&firmware, 0, sizeof firmware);
    if (elf_read_firmware(elf, &firmware) != 0)
        return 1;
    avr = avr_make_mcu_by_name("atmega328p");
    if (avr == NULL || avr_init(avr) != 0)
        return 2;
    firmware.frequency = FREQUENCY;
    avr_load_firmware(avr, &firmware);
    avr->log = LOG_NONE;
    avr->sleep = no_sleep;
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    uart_in = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    adc = avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_byte, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_free, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_full, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), 0), on_relay, NULL);
    line_free = true;
    be_quick();
    return 0;
}

/* Let the board live up to that cycle, as near as an instruction comes to it; false once it has crashed. */
int board_run_to(uint64_t cycle)
{
    while (avr->cycle < cycle) {
        avr->run_cycle_limit = cycle - avr->cycle;
        while (line_free && send_from != send_to)
            avr_raise_irq(uart_in, to_send[send_from++ % ROOM]);
        /* a reset makes simavr forget what hangs on the pins */
        avr->data[PIND_AT] = (uint8_t)((avr->data[PIND_AT] & ~external.mask) | external.value);
        int state = avr_run(avr);
        look_at_relay();
        if (state == cpu_Done || state == cpu_Crashed)
            return 0;
    }
    return 1;
}

uint64_t board_cycle(void)
{
    return avr->cycle;
}

int board_relay(void)
{
    return relay;
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    while (count--)
        to_send[send_to++ % ROOM] = *bytes++;
}

uint32_t board_receive(uint8_t *bytes, uint32_t room)
{
    uint32_t count = 0;
    while (count < room && heard_from != heard_to)
        bytes[count++] = heard[heard_from++ % ROOM];
    return count;
}

uint32_t board_edges(void)
{
    return edge_count;
}

uint64_t board_edge(uint32_t number, uint32_t *level)
{
    *level = edges[number % ROOM].level;
    return edges[number % ROOM].cycle;
}

/* Drive an input of port D, so that neither a pull-up nor a reset changes it. */
void board_pin(uint32_t bit, uint32_t level)
{
    be_quick();
    external.mask |= 1u << bit;
    external.value = (external.value & ~(1u << bit)) | level << bit;
    avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('D'), &external);
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('D'), (int)bit), level);
}

void board_clamp(uint32_t millivolts)
{
    avr_raise_irq(adc, millivolts);
}

/* The supply goes or dips, and comes back: the memory is lost, the EEPROM stays. `cause`: the bits that MCUSR then has. */
void board_power_cycle(int cause)
{
    avr_reset(avr);
    be_quick();
    memset(avr->data + avr->ioend + 1, 0xA5, avr->ramend - avr->ioend);
    avr->data[MCUSR_AT] = (uint8_t)cause;
    send_from = send_to;
    heard_from = heard_to;
    line_free = true;
    look_at_relay();
}

/* The program stops where it is, for ever; with `deaf`, its interrupts too. */
void board_hang(int deaf)
{
    frozen_at = avr->pc;
    memcpy(frozen_code, avr->flash + frozen_at, 2);
    avr->flash[frozen_at] = FOREVER & 0xFF;
    avr->flash[frozen_at + 1] = FOREVER >> 8;
    frozen = true;
    avr->state = cpu_Running;
    if (deaf)
        avr->sreg[S_I] = 0;
}

/* The program is whole again, for the next start. */
void board_mend(void)
{
    if (frozen)
        memcpy(avr->flash + frozen_at, frozen_code, 2);
    frozen = false;
}
