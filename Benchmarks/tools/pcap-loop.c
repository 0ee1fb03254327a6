/* pcap-loop FILE: reads every packet with libpcap and adds up the lengths; the floor of any tool built on libpcap. */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	unsigned long packets = 0, bytes = 0;
	pcap_t *capture;

	if (argc != 2) {
		fprintf(stderr, "usage: pcap-loop FILE\n");
		return 2;
	}
	capture = pcap_open_offline(argv[1], error);
	if (!capture) {
		fprintf(stderr, "pcap-loop: %s\n", error);
		return 2;
	}
	while (pcap_next_ex(capture, &header, &data) == 1) {
		packets++;
		bytes += header->caplen;
	}
	pcap_close(capture);
	printf("%lu packets %lu bytes\n", packets, bytes);
	return 0;
}
