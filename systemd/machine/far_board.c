// SPDX-License-Identifier: GPL-2.0 OR MIT
// A board for trying the drivers on a real kernel: a GPIO chip and an SPI bus whose far ends are files.
//   /sys/devices/platform/far-board/drive   write "22 1": the world puts a level on a pin that is an input
//   /sys/devices/platform/far-board/levels  one line a pin that was ever used: number, in or out, level
//   the kernel's log                        each change of an output, with its time
//   /dev/far-spi                            read what the bus sends to spidev0.0, write as many bytes back
// Never part of the package and never near the agent: only systemd/try-machine.sh builds and loads it, in a machine that is thrown away.
#include <linux/completion.h>
#include <linux/gpio/driver.h>
#include <linux/irq.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/spi/spi.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define LINES 58

static char *label = "pinctrl-bcm2711";
module_param(label, charp, 0444);

static struct {
	struct platform_device *device;
	struct gpio_chip chip;
	spinlock_t lock;
	DECLARE_BITMAP(used, LINES);
	DECLARE_BITMAP(output, LINES);
	DECLARE_BITMAP(level, LINES);
	DECLARE_BITMAP(unmasked, LINES);
	unsigned int type[LINES];
	/* One transfer at a time is out with whoever holds /dev/far-spi. */
	wait_queue_head_t asked;
	struct completion answered;
	struct mutex far;
	bool open, pending;
	u8 bytes[256];
	size_t length;
} board;

static void put(unsigned int line, bool high, bool from_world)
{
	unsigned long flags;
	bool before, ring = false;

	spin_lock_irqsave(&board.lock, flags);
	set_bit(line, board.used);
	before = test_bit(line, board.level);
	assign_bit(line, board.level, high);
	if (from_world && before != high && test_bit(line, board.unmasked))
		ring = board.type[line] & (high ? IRQ_TYPE_EDGE_RISING : IRQ_TYPE_EDGE_FALLING);
	spin_unlock_irqrestore(&board.lock, flags);
	if (!from_world && before != high)
		pr_info("far-board: pin %u is driven %s\n", line, high ? "high" : "low");
	if (ring)
		generic_handle_domain_irq_safe(board.chip.irq.domain, line);
}

static int get_direction(struct gpio_chip *chip, unsigned int line)
{
	return test_bit(line, board.output) ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int direction_input(struct gpio_chip *chip, unsigned int line)
{
	if (test_and_clear_bit(line, board.output))
		pr_info("far-board: pin %u floats\n", line);
	set_bit(line, board.used);
	return 0;
}

static int direction_output(struct gpio_chip *chip, unsigned int line, int value)
{
	if (!test_and_set_bit(line, board.output))
		pr_info("far-board: pin %u becomes an output, %s\n", line, value ? "high" : "low");
	put(line, value, false);
	return 0;
}

static int get(struct gpio_chip *chip, unsigned int line)
{
	return test_bit(line, board.level);
}

static void set(struct gpio_chip *chip, unsigned int line, int value)
{
	put(line, value, false);
}

static void irq_mask(struct irq_data *data)
{
	clear_bit(irqd_to_hwirq(data), board.unmasked);
	gpiochip_disable_irq(&board.chip, irqd_to_hwirq(data));
}

static void irq_unmask(struct irq_data *data)
{
	gpiochip_enable_irq(&board.chip, irqd_to_hwirq(data));
	set_bit(irqd_to_hwirq(data), board.unmasked);
}

static int irq_set_type(struct irq_data *data, unsigned int type)
{
	if (type & ~(unsigned int)IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	board.type[irqd_to_hwirq(data)] = type;
	return 0;
}

static const struct irq_chip irqs = {
	.name = "far-board",
	.irq_mask = irq_mask,
	.irq_unmask = irq_unmask,
	.irq_set_type = irq_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static ssize_t drive_store(struct device *device, struct device_attribute *attribute, const char *text, size_t length)
{
	unsigned int line, high;

	if (sscanf(text, "%u %u", &line, &high) != 2 || line >= LINES || test_bit(line, board.output))
		return -EINVAL;
	put(line, high != 0, true);
	return length;
}
static DEVICE_ATTR_WO(drive);

static ssize_t levels_show(struct device *device, struct device_attribute *attribute, char *text)
{
	unsigned int line;
	int length = 0;

	for_each_set_bit(line, board.used, LINES)
		length += sysfs_emit_at(text, length, "%u %s %u\n", line, test_bit(line, board.output) ? "out" : "in", test_bit(line, board.level));
	return length;
}
static DEVICE_ATTR_RO(levels);

/* ---- the SPI bus: each transfer goes out to the far end and waits for its answer; where nobody is there, the line reads high */
static int transfer_one(struct spi_controller *controller, struct spi_device *device, struct spi_transfer *transfer)
{
	bool heard = false;

	mutex_lock(&board.far);
	if (board.open && transfer->len <= sizeof(board.bytes)) {
		if (transfer->tx_buf)
			memcpy(board.bytes, transfer->tx_buf, transfer->len);
		else
			memset(board.bytes, 0, transfer->len);
		board.length = transfer->len;
		reinit_completion(&board.answered);
		WRITE_ONCE(board.pending, true);
		mutex_unlock(&board.far);
		wake_up_interruptible(&board.asked);
		heard = wait_for_completion_timeout(&board.answered, 2 * HZ) != 0;
		mutex_lock(&board.far);
		WRITE_ONCE(board.pending, false);
	}
	if (transfer->rx_buf) {
		if (heard)
			memcpy(transfer->rx_buf, board.bytes, transfer->len);
		else
			memset(transfer->rx_buf, 0xff, transfer->len);
	}
	mutex_unlock(&board.far);
	return 0;
}

static ssize_t far_read(struct file *file, char __user *to, size_t length, loff_t *offset)
{
	ssize_t done;

	if (wait_event_interruptible(board.asked, READ_ONCE(board.pending)))
		return -ERESTARTSYS;
	mutex_lock(&board.far);
	done = min(length, board.length);
	if (copy_to_user(to, board.bytes, done))
		done = -EFAULT;
	mutex_unlock(&board.far);
	return done;
}

static ssize_t far_write(struct file *file, const char __user *from, size_t length, loff_t *offset)
{
	ssize_t done = length;

	mutex_lock(&board.far);
	if (!board.pending || length > sizeof(board.bytes))
		done = -EINVAL;
	else if (copy_from_user(board.bytes, from, length))
		done = -EFAULT;
	else {
		WRITE_ONCE(board.pending, false);
		complete(&board.answered);
	}
	mutex_unlock(&board.far);
	return done;
}

static int far_open(struct inode *inode, struct file *file)
{
	board.open = true;
	return 0;
}

static int far_release(struct inode *inode, struct file *file)
{
	board.open = false;
	return 0;
}

static const struct file_operations far_operations = { .owner = THIS_MODULE, .open = far_open, .release = far_release, .read = far_read, .write = far_write };
static struct miscdevice far = { .minor = MISC_DYNAMIC_MINOR, .name = "far-spi", .fops = &far_operations };

static int __init begin(void)
{
	/* spidev takes only names that it knows. */
	struct spi_board_info reader = { .modalias = "dh2228fv", .max_speed_hz = 10000000, .chip_select = 0, .bus_num = 0 };
	struct spi_controller *spi;
	struct gpio_irq_chip *irq;
	int error;

	spin_lock_init(&board.lock);
	mutex_init(&board.far);
	init_waitqueue_head(&board.asked);
	init_completion(&board.answered);
	board.device = platform_device_register_simple("far-board", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(board.device))
		return PTR_ERR(board.device);

	board.chip = (struct gpio_chip){ .label = label, .parent = &board.device->dev, .owner = THIS_MODULE, .base = -1, .ngpio = LINES,
		.get_direction = get_direction, .direction_input = direction_input, .direction_output = direction_output, .get = get, .set = set };
	irq = &board.chip.irq;
	gpio_irq_chip_set_chip(irq, &irqs);
	irq->default_type = IRQ_TYPE_NONE;
	irq->handler = handle_simple_irq;
	error = gpiochip_add_data(&board.chip, NULL);
	if (error)
		goto no_chip;
	error = device_create_file(&board.device->dev, &dev_attr_drive) ?: device_create_file(&board.device->dev, &dev_attr_levels);
	if (error)
		goto no_files;
	error = misc_register(&far);
	if (error)
		goto no_files;
	spi = spi_alloc_host(&board.device->dev, 0);
	if (!spi) {
		error = -ENOMEM;
		goto no_bus;
	}
	spi->bus_num = 0;
	spi->num_chipselect = 2;
	spi->transfer_one = transfer_one;
	error = spi_register_controller(spi);
	if (error) {
		spi_controller_put(spi);
		goto no_bus;
	}
	if (!spi_new_device(spi, &reader))
		pr_warn("far-board: no spidev0.0\n");
	return 0;

no_bus:
	misc_deregister(&far);
no_files:
	gpiochip_remove(&board.chip);
no_chip:
	platform_device_unregister(board.device);
	return error;
}
/* Without an end: it stays until the machine is switched off. */
module_init(begin);

MODULE_DESCRIPTION("a GPIO chip and an SPI bus whose far ends are files");
MODULE_LICENSE("Dual MIT/GPL");
