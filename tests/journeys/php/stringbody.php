<?php
// Posts a body that it put together itself and never escaped, as a known client does.
$curl = curl_init(getenv('PLUM_BASE') . '/ws/sms/queue.json');
curl_setopt($curl, CURLOPT_USERPWD, 'username:password');
curl_setopt($curl, CURLOPT_POST, true);
curl_setopt($curl, CURLOPT_POSTFIELDS, getenv('STRING_BODY'));
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
echo curl_exec($curl);
