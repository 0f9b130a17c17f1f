#!/usr/bin/env perl
# What Thruk's own Livestatus library gets from a server: thruk.pl
# HOST:PORT HOST SERVICE COMMENT. It prints one object of JSON.
use strict;
use warnings;
use JSON::PP;
use Monitoring::Livestatus;

my ($server, $host, $service, $comment) = @ARGV;
my %got;
for my $keepalive (0, 1) {
    my $ml = Monitoring::Livestatus->new(
        server => $server, keepalive => $keepalive, errors_are_fatal => 0, warnings => 0, timeout => 10,
        retries_on_connection_error => 0,
    );
    my %one = (
        rows   => $ml->selectall_arrayref("GET services\nColumns: host_name description state contacts", { Slice => {} }),
        names  => $ml->selectcol_arrayref("GET hosts\nColumns: name"),
        stats  => $ml->selectrow_arrayref("GET hosts\nStats: state = 0\nStats: state != 0"),
        down   => $ml->selectscalar_value("GET hosts\nStats: state = 1"),
        row    => $ml->selectrow_hashref("GET services\nColumns: description state plugin_output\nFilter: host_name = $host\nFilter: description = $service"),
        by_key => $ml->selectall_hashref("GET hosts\nColumns: name peer_name", "name"),
        limit  => scalar @{ $ml->selectall_arrayref("GET services\nColumns: description\nLimit: 3") },
        header => $ml->selectall_arrayref("GET status", { Slice => {} }),
        none   => $ml->selectall_arrayref("GET hosts\nColumns: name\nFilter: name = nosuch"),
    );
    $ml->selectall_arrayref("GET hosts\nColumns: nosuch");
    $one{bad_column} = { code => $Monitoring::Livestatus::ErrorCode, text => $Monitoring::Livestatus::ErrorMessage };
    $ml->selectall_arrayref("GET nosuch\nColumns: name");
    $one{bad_table} = { code => $Monitoring::Livestatus::ErrorCode, text => $Monitoring::Livestatus::ErrorMessage };
    # The same object goes on after errors.
    $one{after} = $ml->selectscalar_value("GET hosts\nStats: name !=  ");
    my $now = time;
    $ml->do("COMMAND [$now] ADD_SVC_COMMENT;$host;$service;1;thruk;$comment $keepalive");
    $one{after_command} = $ml->selectscalar_value("GET services\nStats: description !=  ");
    $got{$keepalive ? "kept" : "each"} = \%one;
}
print JSON::PP->new->canonical->utf8->encode(\%got);
