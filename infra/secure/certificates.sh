#!/bin/sh
# certificates.sh FOLDER: an authority of its own, and by it a certificate for Kafka; keeps what is there already.
# Needs keytool, which comes with Java. Leaves kafka.p12, its password in kafka.p12.password, and ca.pem.
set -eu
umask 022
cd "$1"
if [ -f ca.pem ]; then exit 0; fi
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
names='san=dns:kafka,dns:localhost,ip:127.0.0.1'
export password
key() { keytool -genkeypair -keyalg EC -groupname secp256r1 -validity 3650 -storepass:env password "$@"; }
of() { tool=$1; store=$2; shift 2; keytool "-$tool" -storepass:env password -keystore "$store" "$@"; }

key -keystore authority.p12 -alias ca -dname CN=cairn -ext bc:critical=ca:true -ext ku:critical=keyCertSign
key -keystore kafka.p12 -alias kafka -dname CN=kafka -ext "$names"
of exportcert authority.p12 -alias ca -rfc -file made.pem
of certreq kafka.p12 -alias kafka |
  of gencert authority.p12 -alias ca -validity 3650 -ext "$names" -ext eku=serverAuth,clientAuth -rfc -outfile kafka.pem
of importcert kafka.p12 -alias ca -noprompt -file made.pem
of importcert kafka.p12 -alias kafka -noprompt -file kafka.pem
printf %s "$password" > kafka.p12.password
# With the authority's key no one can sign anything more.
rm authority.p12 kafka.pem
mv made.pem ca.pem
